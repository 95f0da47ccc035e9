// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"strconv"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy"
)

// candidate is one path of a rule whose place is known: a route, unless an older one has the place.
type candidate struct {
	path string
	// policies are nil where the path has none.
	policies *policies
	// host, ingress and pool are indexes into their lists; rule and index say where in the Ingress the path stands.
	// index is wholeRule for what closes the whole host.
	host, ingress, pool, rule, index int32
	match                            proxy.PathMatch
	// fallback candidates are default backends, which have what no other candidate of their host matches.
	fallback bool
	// faulty candidates keep their place with a pool that has no endpoints; closed is why.
	faulty bool
	closed rules.Closing
}

// collect reads the rules of all Ingresses, oldest first, and default backends after all else, so that of two
// candidates for one place the one with the lower index wins. What is wrong is noted on its Ingress.
func collect(ingresses []ingress, hosts *hosts, pools *pools) []candidate {
	total := 0
	for i := range ingresses {
		for r := range ingresses[i].object.Spec.Rules {
			total += len(ingresses[i].object.Spec.Rules[r].Paths)
		}
	}
	c := collector{hosts: hosts, pools: pools, candidates: make([]candidate, 0, total)}
	var fallbacks []candidate
	for i := range ingresses {
		ing := &ingresses[i]
		ing.noteFault()
		for r := range ing.object.Spec.Rules {
			name := string(ing.object.Spec.Rules[r].Host)
			if !rules.ValidHost(name) {
				ing.problems = append(ing.problems, problem{rule: r, path: wholeRule, unserved: true, reason: v1alpha1.ReasonInvalidRule,
					text: "host " + rules.Quote(name) + " cannot be matched: write a lower-case DNS name such as api.example.com, " +
						"*.example.com for exactly one label, or leave it empty for every host"})
				continue
			}
			if !hosts.allowed.allows(ing.object.Namespace, name) {
				ing.problems = append(ing.problems, hosts.notAllowed(r, ing.object.Namespace, name))
				continue
			}
			h := hosts.claim(name, ing.object.Namespace)
			if !hosts.owns(ing.object.Namespace, h) {
				ing.problems = append(ing.problems, ownedElsewhere(r, name))
				continue
			}
			like := candidate{host: h, ingress: int32(i), rule: int32(r), fallback: ing.isDefault(int32(r))}
			if ing.standard != nil && ing.standard.closesHosts {
				whole := like
				whole.index = wholeRule
				c.close(ing, whole, "/", rules.ForeignAnnotation)
			}
			if like.fallback {
				fallbacks = append(fallbacks, like)
				continue
			}
			c.rule(ing, like)
		}
	}
	for _, like := range fallbacks {
		c.rule(&ingresses[like.ingress], like)
	}
	return c.candidates
}

type collector struct {
	hosts      *hosts
	pools      *pools
	paths      pathReader
	candidates []candidate
}

// rule adds the paths of a rule; like holds what its candidates have in common.
func (c *collector) rule(ing *ingress, like candidate) {
	paths := ing.object.Spec.Rules[like.rule].Paths
	for i := range paths {
		p := &paths[i]
		path, match, fault := c.paths.read(p)
		beyond := ing.beyond(like.rule, int32(i))
		guarded := ing.guarded(p)
		isExpression := p.PathType != "" && p.PathType != v1alpha1.PathTypePrefix && p.PathType != v1alpha1.PathTypeExact
		if beyond != nil && beyond.pattern || guarded && (writtenAsExpression(string(p.Path)) || beyond != nil && beyond.regex) {
			isExpression, fault = true, "path "+rules.Quote(string(p.Path))+" looks like a pattern, and paths are compared as they are: "+
				"write what all that it is to match begin with, and pathType Prefix"
		}
		if fault != "" {
			p := problem{rule: int(like.rule), path: i, unserved: true, reason: v1alpha1.ReasonInvalidRule, text: fault, then: "the path is left out"}
			if guarded {
				closed := like
				closed.index = int32(i)
				text := closedText(string(paths[i].Path), isExpression)
				c.close(ing, closed, text, rules.UnreadablePath)
				p.unserved, p.then = false, "all of "+hostText(c.hosts.list[like.host].name)+" that begins with "+rules.Quote(text)+" answers 503"
			}
			ing.problems = append(ing.problems, p)
			continue
		}
		next := like
		next.index, next.path, next.match = int32(i), path, match
		if next.policies, fault = c.readPolicies(p); fault == "" {
			fault = limitsFault(p)
		}
		if fault == "" {
			fault = backendTLSFault(&p.Backend)
		}
		named := beyond != nil && beyond.portName != ""
		if fault == "" && beyond != nil {
			fault = beyond.fault
		}
		if fault == "" && !named && (p.Backend.Port < 1 || p.Backend.Port > 65535) {
			fault = "backend.port is " + strconv.Itoa(int(p.Backend.Port)) + ": write 1 to 65535"
		}
		if beyond != nil && ing.standard.fault != "" { // of which a problem speaks already
			fault, next.faulty, next.closed = "", true, ing.standard.closed
		}
		if fault != "" {
			ing.problems = append(ing.problems, problem{rule: int(like.rule), path: i, reason: v1alpha1.ReasonInvalidRule,
				text: fault, then: "the path answers 503"})
			next.faulty, next.closed = true, rules.InvalidRule
		}
		to := backendOf(ing.object.Namespace, p, next.faulty)
		if named {
			to.portName = beyond.portName
		}
		next.pool = c.pools.index(to)
		c.candidates = append(c.candidates, next)
	}
}
