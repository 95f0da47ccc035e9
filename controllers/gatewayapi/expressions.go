// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"net/netip"
	"slices"
	"strconv"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// place is a name of hosts at one address. One listener has it.
type place struct {
	at   netip.AddrPort
	name string
}

func placeOf(h *rules.Host) place { return place{h.Listener.Address, h.Name} }

// settleExpressions brings the expressions of each host into the order and the number that they may have.
func (a *Attached) settleExpressions() {
	count := make(map[place]int)
	a.eachHost(func(r *attachedRoute, h *rules.Host) {
		if r.expressions > 0 {
			count[placeOf(h)] += r.expressions
		}
	})
	if len(count) == 0 {
		return
	}
	added := make(map[place]int)
	a.eachHost(func(r *attachedRoute, h *rules.Host) {
		if at := placeOf(h); r.object.Kind == GRPCRouteKind && count[at] > 0 {
			added[at] += followExpressions(h)
		}
	})
	for at, n := range added {
		count[at] += n
	}
	taken := make(map[place]int)
	a.eachHost(func(r *attachedRoute, h *rules.Host) {
		if at := placeOf(h); count[at] > snapshot.MaxExpressions {
			taken[at] = r.bound(h, taken[at], count[at])
		}
	})
}

// hold closes those of a route's rules whose expressions are beyond what its namespace may have.
func (r *attachedRoute) hold(list []rules.Rule, budget *rules.ExpressionBudget) []rules.Rule {
	held := list
	for i := range list {
		text := budget.Take(r.object.Namespace, &list[i])
		if text == "" {
			continue
		}
		if r.crowded.reason == "" {
			held = slices.Clone(list)
		}
		r.crowded.add(string(gatewayv1.RouteReasonUnsupportedValue), list[i].Where+": "+text)
		held[i] = r.closed(&list[i], text)
		held[i].Match, held[i].Expressions = list[i].Match.Loosened(), nil
	}
	return held
}

// eachHost calls f for each host of each route. The oldest routes come first.
func (a *Attached) eachHost(f func(*attachedRoute, *rules.Host)) {
	for i := range a.routes {
		if r := &a.routes[i]; r.attached != nil {
			for n := range r.attached.Hosts {
				f(r, &r.attached.Hosts[n])
			}
		}
	}
}

// followExpressions has the rules of a host that are for all services and methods come after its expressions: the API
// prefers what says something of a service or a method, and a plain path would go before. It returns how many there
// are.
func followExpressions(h *rules.Host) (n int) {
	h.Rules = slices.Clone(h.Rules)
	for i := range h.Rules {
		if m := &h.Rules[i].Match; m.Type == snapshot.MatchPrefix && m.Path == "/" {
			m.Type, m.Path, m.Beginning = snapshot.MatchExpression, ".*", "/"
			n++
		}
	}
	return n
}

// bound leaves out the rules with an expression that a host has beyond snapshot.MaxExpressions. Older routes have taken
// some, of so many in all. bound returns how many are taken then. The requests that are meant must not fall to less
// specific hosts. So the last expression that the host may have answers an error to all that nothing else of the host
// takes.
func (r *attachedRoute) bound(h *rules.Host, taken, all int) int {
	kept := make([]rules.Rule, 0, len(h.Rules))
	for _, rule := range h.Rules {
		if rule.Match.Type == snapshot.MatchExpression {
			if taken++; taken >= snapshot.MaxExpressions {
				text := "a hostname has at most " + strconv.Itoa(snapshot.MaxExpressions) + " paths of type RegularExpression, and its routes have " +
					strconv.Itoa(all) + ": write prefixes, or put several expressions together into one"
				r.crowded.add(string(gatewayv1.RouteReasonUnsupportedValue), rule.Where+": "+text)
				if taken > snapshot.MaxExpressions {
					continue
				}
				rule = r.closed(&rule, text)
				rule.Match = rules.Match{Type: snapshot.MatchExpression, Path: ".*", Beginning: "/"}
			}
		}
		kept = append(kept, rule)
	}
	h.Rules = kept
	return taken
}
