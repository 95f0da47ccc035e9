// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// candidatesOf lists the rules of the hosts that a request's host is one of, including those that are not served. It
// says why the winner won and why each of the others did not. won is the route that the router found, or nil. The
// winner comes first, then the others that match, then those that do not match. Within these groups, the rules of more
// specific hosts and paths come first, and those that are not served last.
func candidatesOf(g *routing.Generation, req *message.Request, host, path []byte, won *routing.Route) []Candidate {
	var list []Candidate
	var winner *Candidate
	var by *snapshot.Conditions
	decides := decidingHost(g, host)
	for _, r := range rulesOf(g, host) {
		c := Candidate{
			Host: r.host, Path: r.Path, Match: r.Match.String(), Conditions: r.Conditions.String(), Ingress: r.Rule.Ingress,
			Rule: position(r.Rule), Service: servicesOf(g, r.Route),
		}
		covered, missing := covers(r.Route, path), ""
		if covered {
			missing = routing.Unmet(r.Conditions, req)
		}
		switch {
		case won != nil && r.compiled == won:
			c.Wins, c.Why = true, "the most specific rule that matches"
			if r.Match == snapshot.MatchText {
				c.Why = "what begins so is closed, and that goes before all other paths of the host"
			}
			if r.Closed != "" {
				c.Why += "; it is closed, " + r.Closed
				if r.ClosedWhy != "" {
					c.Why += ": " + r.ClosedWhy
				}
			}
			winner, by = &c, r.Conditions
		case !covered:
			c.Mismatched, c.Why = true, mismatch(r.Route)
		case missing != "":
			c.reject(missing)
		case r.owner != decides.Owner:
			c.Why = "matches, but " + shownHost(decides.Name) + " is more specific and " + belongs(decides) + ", and " +
				shownHost(r.host) + " to " + shownOwner(r.owner)
		case winner == nil:
			c.Why = "matches"
		case winner.Host != r.host:
			c.Why = "matches, but " + shownHost(winner.Host) + " is more specific than " + shownHost(r.host)
		case winner.Path == r.Path && winner.Match == r.Match.String():
			c.Why = "matches, but " + preferred(by, r.Conditions)
		case winner.Match == snapshot.MatchText.String():
			c.Why = "matches, but " + winner.Path + " is closed with all that begins so"
		case winner.Match == snapshot.MatchExact.String():
			c.Why = "matches, but an Exact path goes before a Prefix"
		case winner.Match == snapshot.MatchExpression.String():
			c.Why = "matches, but " + winner.Path + " is looked at before: it asks for more, is older, or is earlier in its object"
		case r.Match == snapshot.MatchExpression:
			c.Why = "matches, but a Prefix goes before an expression"
		default:
			c.Why = "matches, but " + winner.Path + " is longer"
		}
		list = append(list, c)
	}
	list = append(list, unservedFor(g, req, host, path)...)
	slices.SortStableFunc(list, func(a, b Candidate) int { return cmp.Compare(a.rank(), b.rank()) })
	return list
}

// namedRoute is a route of the snapshot, with the name and the owner of its host and with its compiled form.
type namedRoute struct {
	*snapshot.Route
	host, owner string
	compiled    *routing.Route
}

// rulesOf returns the routes of all names that a host is served under. The more specific ones come first.
func rulesOf(g *routing.Generation, host []byte) []namedRoute {
	var list []namedRoute
	for _, name := range namesOf(host) {
		h := hostNamed(g, name)
		if h == nil {
			continue
		}
		first := len(list)
		for j := range h.Routes {
			r := &h.Routes[j]
			list = append(list, namedRoute{r, name, h.Owner, g.Compiled(name, r)})
		}
		slices.SortStableFunc(list[first:], func(a, b namedRoute) int {
			return cmp.Or(cmp.Compare(turnOf(a.Match), turnOf(b.Match)), cmp.Compare(a.Turn, b.Turn), cmp.Compare(len(b.Path), len(a.Path)))
		})
	}
	return list
}

// turnOf orders the matches as the router looks at them.
func turnOf(match snapshot.PathMatch) int {
	return slices.Index([]snapshot.PathMatch{snapshot.MatchText, snapshot.MatchExact, snapshot.MatchPrefix, snapshot.MatchExpression}, match)
}

// hostNamed returns the host of a name, or nil.
func hostNamed(g *routing.Generation, name string) *snapshot.Host {
	i, ok := slices.BinarySearchFunc(g.Snapshot.Hosts, name, func(h snapshot.Host, name string) int {
		return cmp.Compare(h.Name, name)
	})
	if !ok {
		return nil
	}
	return &g.Snapshot.Hosts[i]
}

// decidingHost returns the most specific host that a request's host is one of. Its owner decides whose rules are asked.
// If there is none, decidingHost returns an empty host.
func decidingHost(g *routing.Generation, host []byte) *snapshot.Host {
	for _, name := range namesOf(host) {
		if h := hostNamed(g, name); h != nil {
			return h
		}
	}
	return &snapshot.Host{}
}

// belongs says in words who owns a host.
func belongs(h *snapshot.Host) string { return "belongs to " + shownOwner(h.Owner) }

func shownOwner(owner string) string { return cmp.Or(owner, "nobody") }

// rank sorts candidates: 0 for the winner, 2 for those that do not match, 1 for the others.
func (c *Candidate) rank() int {
	switch {
	case c.Wins:
		return 0
	case c.Mismatched:
		return 2
	}
	return 1
}

// position returns "rule.path", as the access log has it.
func position(r snapshot.RuleID) string { return fmt.Sprintf("%d.%d", r.Rule, r.Path) }

// namesOf returns the names that a host may be served under, in the order in which the router looks at them.
func namesOf(host []byte) []string {
	names := []string{string(host)}
	if dot := bytes.IndexByte(host, '.'); dot > 0 {
		names = append(names, "*"+string(host[dot:]))
	}
	if len(host) > 0 {
		names = append(names, "")
	}
	return names
}

// covers says whether the route matches a canonical path.
func covers(r *snapshot.Route, path []byte) bool {
	switch {
	case r.Match == snapshot.MatchText:
		return len(path) >= len(r.Path) && bytes.EqualFold(path[:len(r.Path)], []byte(r.Path)) ||
			bytes.EqualFold(append(path[:len(path):len(path)], '/'), []byte(r.Path))
	case r.Match == snapshot.MatchExact:
		return string(path) == r.Path
	case r.Match == snapshot.MatchExpression:
		whole, err := snapshot.WholeExpression(r.Path)
		return err == nil && whole.Match(path)
	case r.Path == "/":
		return true
	}
	return canonical.EndsSegment(path, len(r.Path)) && string(path[:len(r.Path)]) == r.Path
}

// mismatch says why a route does not match a path.
func mismatch(r *snapshot.Route) string {
	switch r.Match {
	case snapshot.MatchText:
		return "does not match: the path does not begin with " + r.Path
	case snapshot.MatchPrefix:
		return "does not match: the path is not " + r.Path + " or below it"
	case snapshot.MatchExpression:
		return "does not match: the path as a whole is not what the expression matches"
	}
	return "does not match: the path is not " + r.Path
}

// reject notes that the candidate does not match, because the request does not meet the condition unmet.
func (c *Candidate) reject(unmet string) {
	c.Mismatched, c.unmet = true, true
	c.Why = "does not match: the path does, but the rule asks for " + unmet
}

// preferred says why one of two rules for the same place won, although the request meets the conditions of both.
func preferred(won, lost *snapshot.Conditions) string {
	if lost == nil {
		return "a rule for the same path that asks for more goes before"
	}
	switch {
	case won.Precedence(lost) == 0:
		return "a rule for the same path that asks for as much is older, or earlier in its object"
	case len(won.Methods) > 0 && len(lost.Methods) == 0:
		return "a rule for the same path that names the method goes before one that does not"
	case len(won.Headers) > len(lost.Headers):
		return "a rule for the same path that asks for more headers goes before"
	}
	return "a rule for the same path that asks for more query parameters goes before"
}

// hintsFor returns hints for a request that no rule takes: what keeps the rules of its host from it, or which wildcards
// almost match its host.
func hintsFor(g *routing.Generation, host []byte, candidates []Candidate) []string {
	decides := decidingHost(g, host)
	others := slices.ContainsFunc(candidates, func(c Candidate) bool { return c.rank() == 1 && c.Unserved == "" })
	switch {
	case others:
		return []string{shownHost(decides.Name) + " " + belongs(decides) +
			", and none of its rules matches; rules of others are not asked"}
	case len(candidates) > 0 && candidates[0].rank() == 1:
		return []string{"rules for this host are above; none that matches is served"}
	case slices.ContainsFunc(candidates, func(c Candidate) bool { return c.unmet }):
		return []string{"rules for this host are above; those that have the path ask for more"}
	case len(candidates) > 0:
		return []string{"rules for this host are above; none of their paths matches"}
	case decides.Owner != "":
		return []string{shownHost(decides.Name) + " " + belongs(decides) + ", which has no rule for it that could be served"}
	}
	if len(g.Snapshot.Hosts) == 0 {
		return []string{"nothing is served at all: no Ingress was accepted, or none is of this controller's class"}
	}
	hints := []string{fmt.Sprintf("no rule is for host %s; %d hosts are served", host, len(g.Snapshot.Hosts))}
	for i := range g.Snapshot.Hosts {
		name := g.Snapshot.Hosts[i].Name
		suffix, wildcard := strings.CutPrefix(name, "*")
		switch {
		case !wildcard:
			continue
		case string(host) == suffix[1:]:
			hints = append(hints, name+" does not stand for "+suffix[1:]+" itself")
		case strings.HasSuffix(string(host), suffix):
			hints = append(hints, name+" stands for exactly one label before "+suffix[1:])
		}
	}
	return hints
}
