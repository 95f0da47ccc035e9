// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"slices"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy"
)

// program decides which candidate has each place (host, path and match) and returns the hosts with their routes. Who
// lost is noted on its Ingress, what is served on its own and on the pools.
func program(ingresses []ingress, hosts *hosts, pools *pools, candidates []candidate) []proxy.Host {
	byHost := bucket(candidates, len(hosts.list))
	names := make([]int32, 0, len(hosts.list))
	for h := range hosts.list {
		if len(byHost[h]) > 0 || !hosts.shared { // one without routes is its owner's all the same
			names = append(names, int32(h))
		}
	}
	slices.SortFunc(names, func(a, b int32) int { return cmp.Compare(hosts.list[a].name, hosts.list[b].name) })

	// The routes of all hosts are in one piece of memory: a hundred thousand of them are allocated at once.
	routes := make([]proxy.Route, 0, len(candidates))
	programmed := make([]proxy.Host, 0, len(names))
	for _, h := range names {
		first := len(routes)
		winner := int32(-1)
		texts := closedTexts(candidates, byHost[h])
		for _, index := range sortPlaces(candidates, byHost[h]) {
			c := &candidates[index]
			ing := &ingresses[c.ingress]
			if by := c.closedBy(texts); by != nil && !c.faulty {
				ing.problems = append(ing.problems, closedWith(hosts.list[h].name, c, by, ingresses))
				continue
			}
			if winner >= 0 && samePlace(&candidates[winner], c) && c.match == proxy.MatchText {
				if c.index == wholeRule {
					ing.closedHosts++
				} else {
					ing.closed++
				}
				continue // What the other one closes is closed for this one too.
			}
			if winner >= 0 && samePlace(&candidates[winner], c) {
				if c.fallback && !candidates[winner].fallback && ing.standard.defaults > 0 {
					ing.closed++
					continue // Nothing is left for the default backend, and the Ingress has more than that.
				}
				ing.loses(c)
				ing.problems = append(ing.problems, conflict(hosts.list[h].name, c, &candidates[winner], ingresses))
				continue
			}
			winner = index
			switch {
			case c.index == wholeRule:
				ing.closedHosts++
			case c.faulty:
				ing.closed++
			default:
				ing.routes++
			}
			routes = append(routes, c.route(ing, pools.use(c.pool)))
		}
		programmed = append(programmed, proxy.Host{
			Name: hosts.list[h].name, Owner: hosts.ownerFor(hosts.list[h].owner), Routes: routes[first:len(routes):len(routes)],
		})
	}
	return programmed
}

// bucket returns the indexes of the candidates of each host, in their order.
func bucket(candidates []candidate, hosts int) [][]int32 {
	counts := make([]int, hosts)
	for i := range candidates {
		counts[candidates[i].host]++
	}
	indexes := make([]int32, len(candidates))
	byHost := make([][]int32, hosts)
	for h, n := range counts {
		byHost[h], indexes = indexes[:0:n], indexes[n:]
	}
	for i := range candidates {
		h := candidates[i].host
		byHost[h] = append(byHost[h], int32(i))
	}
	return byHost
}

// sortPlaces sorts candidates as a host's routes are sorted, and those of one place by who wins it.
func sortPlaces(candidates []candidate, indexes []int32) []int32 {
	slices.SortFunc(indexes, func(a, b int32) int {
		x, y := &candidates[a], &candidates[b]
		if c := cmp.Compare(x.path, y.path); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(x.match, y.match), cmp.Compare(a, b))
	})
	return indexes
}

func samePlace(a, b *candidate) bool {
	return a.path == b.path && a.match == b.match
}

// conflict is the problem of a candidate whose place another one has.
func conflict(host string, loser, winner *candidate, ingresses []ingress) problem {
	text := loser.match.String() + " " + rules.Clip(loser.path) + " of " + hostText(host)
	has, lacks := &ingresses[winner.ingress], &ingresses[loser.ingress]
	at := has.location(int(winner.rule), int(winner.index))
	switch {
	case has == lacks:
		text += " is served by " + at + " of this Ingress, which comes before it"
	case has.object.Namespace == lacks.object.Namespace:
		text += " is served by " + at + " of the older Ingress " + has.name
	default: // of which the reader may not be one to know
		text += " is served by an older Ingress of another namespace"
	}
	return problem{rule: int(loser.rule), path: int(loser.index), unserved: true, reason: v1alpha1.ReasonPathConflict, text: text}
}

func hostText(host string) string {
	if host == "" {
		return "every host"
	}
	return "host " + rules.Clip(host)
}

// closedTexts are the candidates of a host that close all that begins with a text.
func closedTexts(candidates []candidate, indexes []int32) (texts []*candidate) {
	for _, i := range indexes {
		if candidates[i].match == proxy.MatchText {
			texts = append(texts, &candidates[i])
		}
	}
	return texts
}

func (c *candidate) route(ing *ingress, pool string) proxy.Route {
	route := proxy.Route{
		Rule:   proxy.RuleID{Ingress: ing.name, Rule: int(c.rule), Path: int(c.index)},
		Path:   c.path,
		Match:  c.match,
		Closed: c.closed.String(),
		Pool:   pool,
	}
	if c.fallback {
		route.Rule.Rule = -1
	}
	if c.faulty {
		return route
	}
	p := &ing.object.Spec.Rules[c.rule].Paths[c.index]
	if c.policies != nil {
		c.policies.apply(&route)
	}
	route.Timeouts = readTimeouts(p)
	route.Retries = readRetries(p)
	return route
}
