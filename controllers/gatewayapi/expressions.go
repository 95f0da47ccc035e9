// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"net/netip"
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

// boundExpressions leaves out the rules with an expression that a host has beyond snapshot.MaxExpressions, those of the
// youngest routes. Their requests must not fall to less specific hosts. So the last expression that the host may have
// answers 500 to all that nothing else of the host takes.
func (a *Attached) boundExpressions() {
	count := make(map[place]int)
	var with []*attachedRoute
	for i := range a.routes {
		r := &a.routes[i]
		if r.expressions == 0 || r.attached == nil {
			continue
		}
		with = append(with, r)
		for n := range r.attached.Hosts {
			count[placeOf(&r.attached.Hosts[n])] += r.expressions
		}
	}
	taken := make(map[place]int)
	for _, r := range with {
		for n := range r.attached.Hosts {
			h := &r.attached.Hosts[n]
			if at := placeOf(h); count[at] > snapshot.MaxExpressions {
				taken[at] = r.bound(h, taken[at], count[at])
			}
		}
	}
}

// bound leaves out expressions of a host that older routes have taken some of, of so many in all. It returns how many
// are taken then.
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
