// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// candidate is a rule whose place is known. It becomes a route unless an older rule has the place and the same
// conditions.
type candidate struct {
	path string
	// conditions are what else the rule asks of a request. Nil for nothing.
	conditions *snapshot.Conditions
	// host and object are indexes into their lists. entry is the index of one of the object's Hosts, and rule the index of
	// one of that host's Rules. rule is wholeHost if the candidate closes the whole host.
	host, object, entry, rule int32
	// pools are the indexes of the pools of the rule's backends, and after them of its mirrors', its error pages', that of
	// the service that its auth asks, and its fallback's, in their order, with noPool for one that cannot be used.
	pools []int32
	match snapshot.PathMatch
	// rank is that of the rule's match.
	rank uint8
	// fallback is set if the candidate gets only what no other candidate of its host matches.
	fallback bool
	// faulty is set if the candidate keeps its place with a pool without endpoints. closed is why.
	faulty bool
	closed rules.Closing
	// opened is set if an object makes the paths of its host open expressions.
	opened bool
	// loosened is set if the candidate is closed for want of room for its expressions.
	loosened bool
}

// noPool stands for the pool of a backend that cannot be used.
const noPool = -1

// collect returns the rules of all objects, oldest first, after them those that get what nothing else matches, and last
// what canaries make of them. So of two candidates for one place with the same conditions the one with the lower index
// wins. It notes on each object what is wrong.
func collect(objects []object, hosts *hosts, pools *pools, services []*corev1.Service) ([]candidate, shares) {
	total := 0
	for i := range objects {
		total += objects[i].size()
	}
	c := collector{
		hosts: hosts, pools: pools, protocols: newAppProtocols(services), ports: portNames{services: services},
		candidates: make([]candidate, 0, total), indexes: make([]int32, 0, total),
	}
	hosts.noteOpeners(objects)
	var fallbacks []candidate
	var aliases, yielding []alias
	var canaries []int32
	serve := func(i, e int32) {
		o := &objects[i]
		name := o.Hosts[e].Name
		h := hosts.claim(name, o.Namespace)
		if !hosts.owns(o.Namespace, h) {
			o.problems = append(o.problems, ownedElsewhere(int(e), name))
			return
		}
		hosts.list[h].note(o.Hosts[e].Alone)
		like := candidate{host: h, object: i, entry: e, fallback: o.Hosts[e].Default, opened: hosts.list[h].opened != nil}
		if o.ClosesHosts {
			c.closeHost(o, like)
		}
		if like.fallback {
			fallbacks = append(fallbacks, like)
			return
		}
		c.rules(o, like)
	}
	for i := range objects {
		o := &objects[i]
		o.noteFault()
		if o.Canary != nil {
			canaries = append(canaries, int32(i))
			continue
		}
		for e := range o.Hosts {
			name := o.Hosts[e].Name
			if !hosts.mayHave(o, e) {
				continue
			}
			if l := o.Hosts[e].Listener; l != nil { // Whose its hosts are has been decided.
				c.rules(o, candidate{host: hosts.at(l, name), object: int32(i), entry: int32(e)})
				continue
			}
			switch {
			case o.Hosts[e].Alias:
				aliases = append(aliases, alias{object: int32(i), entry: int32(e)})
			case o.Hosts[e].Yields:
				yielding = append(yielding, alias{object: int32(i), entry: int32(e)})
			default:
				serve(int32(i), int32(e))
			}
		}
	}
	for _, y := range yielding {
		o := &objects[y.object]
		if h, ok := hosts.byName[o.Hosts[y.entry].Name]; ok && hosts.owns(o.Namespace, h) {
			continue // Another one has it for its own sake.
		}
		serve(y.object, y.entry)
	}
	for _, like := range fallbacks {
		c.rules(&objects[like.object], like)
	}
	c.keepExact(objects)
	hosts.name(objects, aliases)
	c.share(objects, canaries)
	return c.candidates, c.shares
}

// mayHave returns whether an object may have a host. If it may not, it notes why on the object.
func (h *hosts) mayHave(o *object, entry int) bool {
	name := o.Hosts[entry].Name
	switch {
	case !rules.ValidHost(name):
		o.problems = append(o.problems, problem{entry: entry, rule: wholeHost, unserved: true, reason: v1alpha1.ReasonInvalidRule,
			text: "host " + rules.Quote(name) + " cannot be matched: write a lower-case DNS name such as api.example.com, " +
				"*.example.com for exactly one label, or leave it empty for every host"})
		return false
	case !h.allowed.allows(o.Namespace, name):
		o.problems = append(o.problems, h.notAllowed(entry, o.Namespace, name))
		return false
	}
	return true
}

type collector struct {
	hosts      *hosts
	pools      *pools
	protocols  appProtocols
	ports      portNames
	candidates []candidate
	// indexes has the pools of all candidates, in one piece of memory as long as that has room.
	indexes []int32
	// expressions counts the rules with an expression of each host, and asking those with an open expression that asks a
	// regular expression.
	expressions, asking map[int32]int
	// shares are what canaries take.
	shares shares
	// budget has the expressions of Ingresses. Those of routes have been counted.
	budget rules.ExpressionBudget
}

// lead sets the pools of a candidate to those of its rule's backends, in the order of EachBackend.
func (c *collector) lead(next *candidate, o *object, rule *rules.Rule) {
	first := len(c.indexes)
	for b := range rule.EachBackend() {
		index, namespace := int32(noPool), o.NamespaceOf(b)
		b = c.ports.first(namespace, b)
		completed, fault := c.ports.secured(namespace, c.protocols.complete(namespace, b))
		switch {
		case b.Fault == "" && fault == "":
			index = c.pools.index(backendOf(namespace, completed))
		case !b.MustExist:
			index = c.pools.index(backendOf(namespace, b).faulty())
		}
		c.indexes = append(c.indexes, index)
	}
	next.pools = c.indexes[first:len(c.indexes):len(c.indexes)]
}

// countExpression counts a rule with an expression on a host. It returns a fault if there are too many.
func (c *collector) countExpression(host int32, rule *rules.Rule) *rules.Fault {
	if c.expressions == nil {
		c.expressions = make(map[int32]int)
	}
	if c.expressions[host]++; c.expressions[host] <= snapshot.MaxExpressions {
		return nil
	}
	f := &rules.Fault{Text: "a host has at most " + strconv.Itoa(snapshot.MaxExpressions) + " paths with pathType RegularExpression, and older " +
		"ones are as many: write prefixes, or put several expressions together into one"}
	if rule.MayGuard() {
		f.Closing, f.Beginning = rules.UnreadablePath, rule.Match.Beginning
	}
	return f
}

// countAsking counts a rule with an open expression that asks a regular expression. It returns a fault if there are too
// many on the host.
func (c *collector) countAsking(host int32, rule *rules.Rule) *rules.Fault {
	if c.asking == nil {
		c.asking = make(map[int32]int)
	}
	if c.asking[host]++; c.asking[host] <= snapshot.MaxOpenExpressions {
		return nil
	}
	f := &rules.Fault{Text: "a host has at most " + strconv.Itoa(snapshot.MaxOpenExpressions) + " paths that are expressions, and older " +
		"ones are as many: write texts, perhaps with (/|$)(.*) at the end, which do not count"}
	if rule.MayGuard() {
		f.Closing, f.Beginning = rules.UnreadablePath, rule.Expression.Beginning
	}
	return f
}

// hold has a candidate take all that its rule may be for, if the rule's expressions are beyond what its namespace may
// have. Then it returns a fault, which closes the candidate.
func (c *collector) hold(next *candidate, o *object, rule *rules.Rule) *rules.Fault {
	text := c.budget.Take(o.Namespace, rule)
	if text == "" {
		return nil
	}
	loose := rule.MatchAs(next.opened).Loosened()
	next.path, next.conditions, next.loosened = loose.Path, loose.Conditions, true
	return &rules.Fault{Text: text, Closing: rules.InvalidRule}
}

// leadNowhere sets the pool of a candidate that is closed, or whose rule is mistaken. It has no endpoints.
func (c *collector) leadNowhere(next *candidate, b backend) {
	first := len(c.indexes)
	c.indexes = append(c.indexes, c.pools.index(b.faulty()))
	next.pools = c.indexes[first:len(c.indexes):len(c.indexes)]
}

// closeHost adds a candidate that closes a whole host.
func (c *collector) closeHost(o *object, like candidate) {
	like.rule, like.path, like.match, like.faulty, like.closed = wholeHost, "/", snapshot.MatchText, true, rules.ForeignAnnotation
	c.leadNowhere(&like, backend{namespace: o.Namespace})
	c.candidates = append(c.candidates, like)
}

// rules adds the rules that an object has for a host. like has what these candidates have in common.
func (c *collector) rules(o *object, like candidate) {
	list := o.Hosts[like.entry].Rules
	if like.opened && !o.Hosts[like.entry].Expressions {
		o.noteExpressed(&c.hosts.list[like.host], list)
	}
	for i := range list {
		rule := &list[i]
		match := rule.MatchAs(like.opened)
		next := like
		next.rule, next.path, next.match, next.conditions = int32(i), match.Path, match.Type, match.Conditions
		next.rank = match.Rank
		f := cmp.Or(match.Fault, rule.Fault)
		if next.match == snapshot.MatchOpenExpression && isExactRoot(rule) {
			o.problems = append(o.problems, deadRoot(&next, c.hosts.list[like.host].name))
			continue
		}
		switch {
		case next.match == snapshot.MatchExpression:
			f = cmp.Or(f, c.countExpression(like.host, rule))
		case next.match == snapshot.MatchOpenExpression && match.Asks:
			f = cmp.Or(f, c.countAsking(like.host, rule))
		case like.fallback && next.path == "/" && (like.opened || c.expressions[like.host] > 0): // The prefix would go before expressions.
			next.match = snapshot.MatchOpenExpression
		}
		if o.Hosts[like.entry].Listener == nil && (f == nil || f.Closing == rules.InvalidRule) {
			f = cmp.Or(f, c.hold(&next, o, rule))
		}
		if f != nil {
			p := problem{entry: int(like.entry), rule: i, reason: v1alpha1.ReasonInvalidRule, text: f.Text}
			switch f.Closing {
			case rules.LeftOut:
				p.unserved, p.then = true, "the path is left out"
				o.problems = append(o.problems, p)
				continue
			case rules.UnreadablePath:
				p.then = "all of " + hostText(c.hosts.list[like.host].name) + " that begins with " + rules.Quote(f.Beginning) + " answers 503"
				next.path, next.match, next.conditions = f.Beginning, snapshot.MatchText, nil
			default:
				p.then = "the path answers 503"
				if next.loosened {
					p.then = "all requests that it may be for answer 503"
				}
			}
			if p.text != "" {
				o.problems = append(o.problems, p)
			}
			next.faulty, next.closed = true, f.Closing
			named := backend{namespace: o.Namespace}
			if len(rule.Backends) > 0 {
				named = backendOf(o.Namespace, &rule.Backends[0])
			}
			if f.Closing == rules.UnreadablePath {
				named.portName = "" // In this case the number alone tells pools apart.
			}
			c.leadNowhere(&next, named)
		} else {
			c.lead(&next, o, rule)
		}
		c.candidates = append(c.candidates, next)
	}
}
