// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"iter"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/nginx/snippet"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// defaultBackend is where authors find the rules of the default backend.
const defaultBackend = "defaultBackend"

// hosts reads the rules, and appends what the default backend and the annotations make besides.
func (r *reading) hosts() []rules.Host {
	spec := &r.object.Spec
	hosts := make([]rules.Host, 0, len(spec.Rules)+1)
	for i := range spec.Rules {
		host := rules.Host{Name: spec.Rules[i].Host, Where: "rules[" + strconv.Itoa(i) + "]", Index: i, Alone: true}
		var paths []networkingv1.HTTPIngressPath
		if http := spec.Rules[i].HTTP; http != nil {
			paths = http.Paths
			for j := range http.Paths {
				rule := r.rule(host.Name, &http.Paths[j])
				rule.Where = host.Where + ".http.paths[" + strconv.Itoa(j) + "]"
				host.Expressions = host.Expressions || r.isExpression(http.Paths[j].Path)
				host.Rules = append(host.Rules, rule)
			}
			for j := range http.Paths {
				if below := r.below(&http.Paths[j]); below != nil {
					rule := r.rule(host.Name, below)
					rule.Where = host.Rules[j].Where
					host.Expressions = true
					host.Rules = append(host.Rules, rule)
				}
			}
			r.appendSlashes(&host, http.Paths)
		}
		r.appendSnippets(&host, paths)
		if r.terms.appRoot != "" && !r.terms.canary.on {
			host.Rules = append(host.Rules, r.sends("/", host.Where, &policy.Redirect{Status: 302, Path: policy.PathChange{Replace: r.terms.appRoot}, NoQuery: true}))
		}
		hosts = append(hosts, host)
	}
	if r.terms.canary.on {
		return hosts
	}
	if spec.DefaultBackend != nil {
		hosts = append(hosts, r.defaults()...)
	} else {
		for i, name := range r.names() {
			hosts = append(hosts, r.unmatched(name, "rules["+strconv.Itoa(i)+"]")...)
		}
	}
	hosts = append(hosts, r.aliases(hosts)...)
	if r.terms.www {
		hosts = append(hosts, r.otherWWW()...)
	}
	return hosts
}

// below returns the other half of a Prefix that is its own rewrite-target, nil for any other path. ingress-nginx made
// two locations of a Prefix: one for the path itself, which needs no rewrite, and one with a slash at its end, whose
// path is not the target any more.
func (r *reading) below(p *networkingv1.HTTPIngressPath) *networkingv1.HTTPIngressPath {
	if exact := p.PathType != nil && *p.PathType == networkingv1.PathTypeExact; exact || r.terms.canary.on || r.terms.regex ||
		r.terms.rewrite == "" || r.terms.rewrite != p.Path || strings.HasSuffix(p.Path, "/") {
		return nil
	}
	half := *p
	half.Path += "/"
	return &half
}

// defaults returns what the default backend stands for: what no other path of the hosts matches, or what no host does
// if there are none.
func (r *reading) defaults() (hosts []rules.Host) {
	add := func(name string) {
		rule := r.rule(name, &networkingv1.HTTPIngressPath{Path: "/", Backend: *r.object.Spec.DefaultBackend})
		rule.Where = defaultBackend
		hosts = append(hosts, rules.Host{Name: name, Where: defaultBackend, Index: -1, Default: true, Alone: true, Rules: []rules.Rule{rule}})
	}
	for _, name := range r.names() {
		add(name)
	}
	if len(r.object.Spec.Rules) == 0 {
		add("")
	}
	return hosts
}

// names returns the hosts of the rules, each once, with the index of the first rule that has it.
func (r *reading) names() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		known := make(map[string]bool)
		for i := range r.object.Spec.Rules {
			name := r.object.Spec.Rules[i].Host
			if known[name] {
				continue
			}
			if known[name] = true; !yield(i, name) {
				return
			}
		}
	}
}

// aliases returns the further names that server-alias gives the hosts. There has to be a host that they stand for.
func (r *reading) aliases(real []rules.Host) (hosts []rules.Host) {
	has := make(map[string]bool)
	for i := range real {
		has[real[i].Name] = true
	}
	if !slices.ContainsFunc(real, func(h rules.Host) bool { return h.Name != "" }) {
		return nil
	}
	for _, name := range r.terms.aliases {
		if !has[name] {
			hosts = append(hosts, rules.Host{Name: name, Where: "metadata.annotations", Index: -1, Alias: true, Alone: true})
		}
	}
	return hosts
}

// www begins the hosts that from-to-www-redirect is about.
const www = "www."

// otherWWW returns for each host the one with www., or without it, all of whose requests are sent to the host. Any rule
// of another Ingress for that host goes before that, and a namespace that has a rule for it goes before this one.
func (r *reading) otherWWW() (hosts []rules.Host) {
	known := make(map[string]bool)
	for _, name := range r.names() {
		known[name] = true
	}
	for i, name := range r.names() {
		if name == "" || strings.HasPrefix(name, "*") {
			continue
		}
		other, has := strings.CutPrefix(name, www)
		if !has {
			other = www + name
		}
		if known[other] {
			continue
		}
		known[other] = true
		where := "rules[" + strconv.Itoa(i) + "]"
		rule := r.sends("/", where, &policy.Redirect{Status: r.terms.httpsCode, Host: name, NoSlash: true})
		rule.Match.Type = snapshot.MatchPrefix
		hosts = append(hosts, rules.Host{Name: other, Where: where, Index: -1, Default: true, Yields: true, Alone: true, Rules: []rules.Rule{rule}})
	}
	return hosts
}

// sends returns a rule that sends requests for one path elsewhere.
func (r *reading) sends(path, where string, to *policy.Redirect) rules.Rule {
	rule := rules.Rule{Where: where, Match: rules.Match{Path: path, Type: snapshot.MatchExact}, Policies: []policy.Policy{to}}
	if h := r.terms.hstsOf(); h != nil {
		rule.Policies = insert(rule.Policies, h)
	}
	r.block(&rule)
	rule.Expressions = kinds.Expressions(&rule)
	if len(r.closing) > 0 {
		rule.Policies, rule.Expressions, rule.Fault = nil, nil, &rules.Fault{Closing: rules.ForeignAnnotation}
	}
	return rule
}

// appendSnippets adds the locations of snippets: those of the host's once, and those of each path's.
func (r *reading) appendSnippets(host *rules.Host, paths []networkingv1.HTTPIngressPath) {
	if r.terms.canary.on || r.locating == nil {
		return
	}
	known := exactPaths(host.Rules)
	if r.shared[r.key(host.Name)].by == r.object.Name && r.terms.serverSnippet != "" {
		// The paths of other Ingresses must not get what these locations are for, whatever closes this one.
		compiled := r.locating
		if len(r.closing) == 0 {
			compiled, _ = snippet.Compile(r.followed(snippet.Snippets{Server: r.terms.serverSnippet}), r.snippetContext(host.Name, "/", &rules.Rule{}, false))
		}
		if compiled != nil {
			r.appendLocations(host, known, host.Where, snippet.Server, compiled)
		}
	}
	if r.terms.snippet == "" || len(r.closing) > 0 {
		return
	}
	for i := range paths {
		if compiled, _ := r.script(&rules.Rule{}, host.Name, paths[i].Path, false); compiled != nil {
			r.appendLocations(host, known, host.Rules[i].Where, snippet.Configuration, compiled)
		}
	}
}

// appendSlashes has requests that lack the slash at the end of a path sent to the path, as nginx does it.
func (r *reading) appendSlashes(host *rules.Host, paths []networkingv1.HTTPIngressPath) {
	if host.Expressions || r.terms.canary.on {
		return
	}
	known := make(map[string]bool)
	for i := range paths {
		known[paths[i].Path] = true
	}
	for i := range paths {
		short, ends := strings.CutSuffix(paths[i].Path, "/")
		if !ends || short == "" || known[short] {
			continue
		}
		from, fault := kinds.LiteralMatch(short, true)
		to, fault2 := kinds.CanonicalPath(from.Path + "/")
		if fault == "" && fault2 == "" && !host.Rules[i].Match.Senseless {
			host.Rules = append(host.Rules, r.sends(from.Path, host.Rules[i].Where, &policy.Redirect{Status: 301, Path: policy.PathChange{Replace: to}}))
		}
	}
}
