// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"reflect"
	"slices"
	"strconv"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// tie is what rules of a host have in common if nothing but their age says which of them goes first.
type tie struct {
	match          snapshot.PathMatch
	path           string
	methods        bool
	headers, query int
}

func tieOf(route *snapshot.Route) tie {
	t := tie{match: route.Match, path: route.Path}
	if t.match == snapshot.MatchExpression {
		t.path = "" // Expressions are compared with a path one after the other.
	}
	if of := route.Conditions; of != nil {
		t.methods, t.headers, t.query = len(of.Methods) > 0, len(of.Headers), len(of.Query)
	}
	return t
}

// ties returns the rules of a host by what has to be in one HTTPRoute, in today's order. Between rules in several
// HTTPRoutes, the age of these decides, and then their names. So what lets clients in could go before what keeps them
// out, if only one of them was created anew.
func (c *converter) ties(h host, pieces []piece) (ties [][]piece) {
	at := make(map[tie]int, len(pieces))
	for _, p := range pieces {
		if p.route == nil {
			ties = append(ties, []piece{p})
			continue
		}
		key := tieOf(p.route)
		if i, ok := at[key]; ok {
			ties[i] = append(ties[i], p)
			continue
		}
		at[key] = len(ties)
		ties = append(ties, []piece{p})
	}
	for i := range ties {
		slices.SortStableFunc(ties[i], func(a, b piece) int { return a.turn() - b.turn() })
		var beyond []piece
		if ties[i], beyond = bound(ties[i]); len(beyond) > 0 {
			c.close(h, beyond)
			for _, p := range beyond {
				ties = append(ties, []piece{p})
			}
		}
	}
	return ties
}

// turn is that of an expression, and 0 for all other rules.
func (p *piece) turn() int {
	if p.route == nil {
		return 0
	}
	return p.route.Turn
}

// bound returns the first of some rules that fit into one HTTPRoute, and those that are left. If it helps, those that
// follow one another and do the same become one rule.
func bound(list []piece) (first, beyond []piece) {
	if !fit(nil, list) {
		list = merged(list)
	}
	n := len(list)
	for !fit(nil, list[:n]) {
		n--
	}
	return list[:n:n], list[n:]
}

// fit returns whether rules fit into one HTTPRoute.
func fit(a, b []piece) bool {
	matches := 0
	for _, list := range [][]piece{a, b} {
		for i := range list {
			matches += max(1, len(list[i].rule.Matches))
		}
	}
	return len(a)+len(b) <= maxRules && matches <= maxMatches
}

// merged makes one rule of those that follow one another and differ in nothing but their matches.
func merged(list []piece) (into []piece) {
	for _, p := range list {
		if n := len(into); n > 0 {
			last := &into[n-1]
			same := last.rule
			same.Matches = p.rule.Matches
			if reflect.DeepEqual(same, p.rule) && len(last.rule.Matches)+len(p.rule.Matches) <= maxAlternate {
				last.rule.Matches = slices.Concat(last.rule.Matches, p.rule.Matches)
				last.of = slices.Concat(last.of, p.of)
				continue
			}
		}
		into = append(into, p)
	}
	return into
}

// close has rules answer 500 because no HTTPRoute has room for all that have to be in one.
func (c *converter) close(h host, list []piece) {
	for i := range list {
		p := &list[i]
		p.rule = gatewayv1.HTTPRouteRule{Matches: p.rule.Matches}
		for _, of := range p.of {
			c.lose(of, "only its age says when it goes before others of the host, so they belong into one HTTPRoute, which has at most "+
				strconv.Itoa(maxRules)+" rules and "+strconv.Itoa(maxMatches)+" matches: it answers 500")
		}
		c.result.Rules = slices.DeleteFunc(c.result.Rules, func(r Rule) bool { return r.Host == h.name && slices.Contains(p.of, r.Of) })
	}
}
