// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// program decides which candidate has each place (host, path and match) for each set of conditions, and returns the
// hosts with their routes, and the listeners that have hosts of their own. It notes a loser on the loser's object,
// and a route on the winner's object and on the pool.
func program(objects []object, hosts *hosts, pools *pools, candidates []candidate, shares shares, known *credentials) ([]snapshot.Host, []snapshot.Listener) {
	byHost := bucket(candidates, len(hosts.list))
	names := make([]int32, 0, len(hosts.list))
	for h := range hosts.list {
		if len(byHost[h]) > 0 || hosts.needed(int32(h)) {
			names = append(names, int32(h))
		}
	}
	slices.SortFunc(names, func(a, b int32) int {
		x, y := &hosts.list[a], &hosts.list[b]
		return cmp.Or(x.at.Compare(y.at), cmp.Compare(x.name, y.name)) // those of no listener first
	})

	// The routes of all hosts share one piece of memory, so that a hundred thousand of them take one allocation.
	routes := make([]snapshot.Route, 0, len(candidates))
	programmed := make([]snapshot.Host, 0, len(names))
	var turns []turn
	for _, h := range names {
		first := len(routes)
		var won winners
		texts := closedTexts(candidates, byHost[h])
		for _, index := range sortPlaces(candidates, byHost[h]) {
			c := &candidates[index]
			o := &objects[c.object]
			part := shares[index]
			if by := c.closedBy(texts); by != nil && !c.faulty {
				if part != nil {
					part.note(objects, c.text()+" of "+hostText(hosts.list[h].name)+" is closed by another rule of the host")
				}
				if part.derived() {
					continue
				}
				o.problems = append(o.problems, closedWith(hosts.list[h].name, c, by, objects))
				continue
			}
			winner := won.of(c)
			if winner != nil && part.derived() {
				continue // It is another object's, and has the same conditions.
			}
			if winner != nil && (c.match == snapshot.MatchText || c.loosened && winner.loosened) {
				if c.rule == wholeHost {
					o.closedHosts++
				} else {
					o.closed++
				}
				continue // The other one closes all of this already.
			}
			if winner != nil {
				if c.fallback && !winner.fallback && !o.Hosts[0].Default {
					o.closed++
					continue // The object has rules besides the default backend, so it is no problem if nothing is left for that.
				}
				o.loses(c)
				o.problems = append(o.problems, conflict(hosts.list[h].name, c, winner, objects))
				objects[winner.object].wins(hosts.list[h].name, winner, c, o)
				continue
			}
			won.add(c)
			switch {
			case c.rule == wholeHost:
				o.closedHosts++
			case c.faulty:
				o.closed++
			case part.derived():
			default:
				o.routes++
				part.count(objects)
			}
			routes = append(routes, c.route(o, pools, known))
			if part != nil {
				part.divide(&routes[len(routes)-1], o, c, objects, pools)
			}
			if c.match == snapshot.MatchExpression || c.match == snapshot.MatchOpenExpression {
				turns = append(turns, turn{route: len(routes) - 1, candidate: index})
			}
		}
		if len(turns) > 0 {
			takeTurns(routes, candidates, turns, objects)
			turns = turns[:0]
		}
		programmed = append(programmed, hosts.programmed(h, routes[first:len(routes):len(routes)]))
	}
	hosts.copyAliases(names, programmed)
	return byListener(programmed, func(i int) netip.AddrPort { return hosts.list[names[i]].at })
}

// needed returns whether the data plane has to know a host without routes: because it belongs to its owner, because no
// other host gets its requests, or because it has those of another one.
func (h *hosts) needed(index int32) bool {
	_, alias := h.aliases[index]
	return !h.shared || alias || h.list[index].at.IsValid() || h.list[index].isAlone()
}

// programmed returns a host as the data plane has it.
func (h *hosts) programmed(index int32, routes []snapshot.Route) snapshot.Host {
	from := &h.list[index]
	to := snapshot.Host{Name: from.name, Owner: from.owner, Routes: routes, Alone: from.isAlone()}
	if !from.at.IsValid() {
		to.Owner = h.ownerFor(from.owner)
	}
	if from.opened != nil {
		to.Opened = from.opened.ID
	}
	return to
}

// turn is a route with an expression, and the candidate that it was made of.
type turn struct {
	route     int
	candidate int32
}

// takeTurns numbers the routes of a host that have an expression. Open expressions come after the others, longer ones
// first, and what gets only the rest comes last. If the ranks do not say which of two other expressions is more
// specific, nothing else does, so the precedence of their conditions decides, and then the older one.
func takeTurns(routes []snapshot.Route, candidates []candidate, turns []turn, objects []object) {
	written := func(c *candidate) string {
		return objects[c.object].Hosts[c.entry].Rules[c.rule].MatchAs(c.opened).Path
	}
	// Two paths may be written the same. Then the older one comes first, with all routes that it has.
	oldest := make(map[string]int32)
	for i := range turns {
		c := &candidates[turns[i].candidate]
		if first, ok := oldest[c.path]; c.match == snapshot.MatchOpenExpression && (!ok || turns[i].candidate < first) {
			oldest[c.path] = turns[i].candidate
		}
	}
	slices.SortFunc(turns, func(a, b turn) int {
		x, y := &candidates[a.candidate], &candidates[b.candidate]
		if c := cmp.Compare(x.match, y.match); c != 0 {
			return c
		}
		if x.match == snapshot.MatchOpenExpression {
			one, other := written(x), written(y)
			if c := cmp.Or(compareBool(x.fallback, y.fallback), cmp.Compare(len(other), len(one)), cmp.Compare(other, one),
				cmp.Compare(oldest[x.path], oldest[y.path])); c != 0 {
				return c
			}
		}
		return cmp.Or(
			cmp.Compare(y.rank, x.rank),
			x.conditions.Precedence(y.conditions),
			cmp.Compare(a.candidate, b.candidate))
	})
	for n := range turns {
		routes[turns[n].route].Turn = n
	}
}

// bucket returns the indexes of each host's candidates, in their order.
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

// sortPlaces sorts candidates as a host's routes are sorted: by place, and within a place by the precedence of their
// conditions. Then the older one comes first, which is the winner if their conditions are the same.
func sortPlaces(candidates []candidate, indexes []int32) []int32 {
	slices.SortFunc(indexes, func(a, b int32) int {
		x, y := &candidates[a], &candidates[b]
		if c := cmp.Compare(x.path, y.path); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(x.match, y.match), x.conditions.Precedence(y.conditions), cmp.Compare(a, b))
	})
	return indexes
}

func samePlace(a, b *candidate) bool {
	return a.path == b.path && a.match == b.match
}

// conflict returns the problem of a candidate whose place another one has, with the same conditions.
func conflict(host string, loser, winner *candidate, objects []object) problem {
	text := loser.text() + " of " + hostText(host)
	has, lacks := &objects[winner.object], &objects[loser.object]
	at := has.where(int(winner.entry), int(winner.rule))
	switch {
	case has == lacks:
		text += " is served by " + at + " of this Ingress, which comes before it"
	case has.Namespace == lacks.Namespace && has.Created.Equal(lacks.Created):
		text += " is served by " + at + " of Ingress " + has.ID + ", which is as old and goes first by its name"
	case has.Namespace == lacks.Namespace:
		text += " is served by " + at + " of the older Ingress " + has.ID
	default: // The reader may have no right to know the other one.
		text += " is served by an older Ingress of another namespace"
	}
	return problem{entry: int(loser.entry), rule: int(loser.rule), unserved: true, reason: v1alpha1.ReasonPathConflict, text: text}
}

// wins notes for the author of an object written for ingress-nginx that another one has a path of it too. It is no news
// of a default backend, which is for what others leave.
func (o *object) wins(host string, won, lost *candidate, loser *object) {
	if !o.LastNameFirst || o == loser || lost.fallback && !won.fallback {
		return
	}
	by := "an Ingress of another namespace" // which the reader may have no right to know
	if o.Namespace == loser.Namespace {
		by = "Ingress " + loser.ID
	}
	o.contested = append(o.contested, lost.text()+" of "+hostText(host)+" from "+by)
}

// contests returns a text that says which paths of an object another one has too.
func (o *object) contests() string {
	if len(o.contested) == 0 {
		return ""
	}
	return "; it has kept " + strings.Join(rules.Bounded(o.contested), ", and ")
}

// text names the path of a candidate, with its conditions.
func (c *candidate) text() string {
	text := c.match.String() + " " + rules.Clip(c.path)
	if c.conditions == nil {
		return text
	}
	return text + " if " + rules.Clip(c.conditions.String())
}

func hostText(host string) string {
	if host == "" {
		return "every host"
	}
	return "host " + rules.Clip(host)
}

func (c *candidate) route(o *object, pools *pools, known *credentials) snapshot.Route {
	route := snapshot.Route{
		Rule:       o.RuleID(int(c.entry), int(c.rule)),
		Path:       c.path,
		Match:      c.match,
		Conditions: c.conditions,
		Closed:     c.closed.String(),
	}
	if c.faulty {
		route.Pool = pools.use(c.pools[0])
		route.ClosedWhy = o.faultOf(c)
		return route
	}
	rule := &o.Hosts[c.entry].Rules[c.rule]
	route.Pool, route.Backends = c.backends(rule, pools)
	route.Mirrors, route.ErrorPages = c.mirrors(rule, pools), c.errorPages(rule, pools)
	route.Fallback = c.standIn(rule, pools)
	route.Policies, route.Timeouts, route.Retries = c.policies(o, rule, pools, known), rule.Timeouts, rule.Retries
	route.Retry, route.Persistence, route.Canonical = rule.Retry, rule.Persistence, rule.Canonical
	route.EndsConnections = rule.EndsConnections
	if rule.Balancing != nil {
		route.Balancing = *rule.Balancing
	}
	return route
}
