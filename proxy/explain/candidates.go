// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/condition"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// candidates lists the rules of the hosts that a request's host is one of, including those that are not served. It
// says why the winner won and why each of the others did not. won is the route that the router found, or nil. The
// winner comes first, then the others that match, then those that do not match. Within these groups, the rules of more
// specific hosts and paths come first, and those that are not served last.
func (s *site) candidates(req *message.Request, host, path []byte, won *routing.Route) []explanation.Candidate {
	var list []explanation.Candidate
	var winner *explanation.Candidate
	var by *snapshot.Conditions
	decides := s.deciding(host)
	for _, r := range s.rulesFor(host) {
		c := explanation.Candidate{
			Host: r.host, Path: r.Path, Match: r.Match.String(), Conditions: r.Conditions.String(), Ingress: r.Rule.Ingress,
			Rule: r.Rule.Place(), Service: servicesOf(s.Generation, r.Route), Canary: r.Canary,
		}
		covered, missing := covers(r.Route, path), []string(nil)
		if covered {
			missing = condition.Unmet(r.Conditions, req)
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
			if r.Match == snapshot.MatchOpenExpression {
				c.Why += "; " + opened(r.host, r.opened)
			}
			winner, by = &c, r.Conditions
		case !covered:
			c.Mismatched, c.Why = true, mismatch(r.Route)
		case len(missing) > 0:
			reject(&c, missing)
		case r.owner != decides.Owner:
			c.Why = "matches, but " + explanation.ShownHost(decides.Name) + " is more specific and " + belongs(decides) + ", and " +
				explanation.ShownHost(r.host) + " to " + shownOwner(r.owner)
		case decides.Alone && r.host != decides.Name:
			c.Why = "matches, but for " + explanation.ShownHost(decides.Name) + " no less specific host is asked"
		case winner == nil:
			c.Why = "matches"
		case winner.Host != r.host:
			c.Why = "matches, but " + explanation.ShownHost(winner.Host) + " is more specific than " + explanation.ShownHost(r.host)
		case winner.Path == r.Path && winner.Match == r.Match.String():
			c.Why = "matches, but " + condition.Preferred(by, r.Conditions)
		case winner.Match == snapshot.MatchText.String():
			c.Why = "matches, but " + winner.Path + " is closed with all that begins so"
		case winner.Match == snapshot.MatchExact.String():
			c.Why = "matches, but an Exact path goes before a Prefix"
		case winner.Match == snapshot.MatchExpression.String():
			c.Why = "matches, but " + winner.Path + " is looked at before: it asks for more, is older, or is earlier in its object"
		case winner.Match == snapshot.MatchOpenExpression.String():
			c.Why = "matches, but " + winner.Path + " goes before: of expressions like these, the longer text does"
		case r.Match == snapshot.MatchExpression || r.Match == snapshot.MatchOpenExpression:
			c.Why = "matches, but a Prefix goes before an expression"
		default:
			c.Why = "matches, but " + winner.Path + " is longer"
		}
		list = append(list, c)
	}
	list = append(list, s.unserved(req, host, path)...)
	slices.SortStableFunc(list, func(a, b explanation.Candidate) int { return cmp.Compare(a.Rank(), b.Rank()) })
	return list
}

// opened says which object made the paths of a host open expressions, and what that means.
func opened(host, by string) string {
	return "paths of " + explanation.ShownHost(host) + " are expressions without an end, in any case, because Ingress " + by + " has use-regex or rewrite-target"
}

// namedRoute is a route of the snapshot, with the name and the owner of its host, with the object that opened its
// expressions, and with its compiled form.
type namedRoute struct {
	*snapshot.Route
	host, owner, opened string
	compiled            *routing.Route
}

// rulesFor returns the routes of all names that a host is served under. The more specific ones come first.
func (s *site) rulesFor(host []byte) []namedRoute {
	var list []namedRoute
	for _, name := range s.names(host) {
		h := s.named(name)
		if h == nil {
			continue
		}
		first := len(list)
		for j := range h.Routes {
			r := &h.Routes[j]
			list = append(list, namedRoute{r, name, h.Owner, h.Opened, s.router().Compiled(name, r)})
		}
		slices.SortStableFunc(list[first:], func(a, b namedRoute) int {
			return cmp.Or(cmp.Compare(turnOf(a.Match), turnOf(b.Match)), cmp.Compare(a.Turn, b.Turn), cmp.Compare(len(b.Path), len(a.Path)))
		})
	}
	return list
}

// turnOf orders the matches as the router looks at them.
func turnOf(match snapshot.PathMatch) int {
	return slices.Index([]snapshot.PathMatch{
		snapshot.MatchText, snapshot.MatchExact, snapshot.MatchPrefix, snapshot.MatchExpression, snapshot.MatchOpenExpression,
	}, match)
}

// belongs says in words who owns a host.
func belongs(h *snapshot.Host) string { return "belongs to " + shownOwner(h.Owner) }

func shownOwner(owner string) string { return cmp.Or(owner, "nobody") }

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
	case r.Match == snapshot.MatchOpenExpression:
		part, err := regexp.Compile(snapshot.OpenExpressionPattern(r.Path))
		return err == nil && part.Match(path)
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
	case snapshot.MatchOpenExpression:
		return "does not match: the path does not begin with what the expression matches"
	}
	return "does not match: the path is not " + r.Path
}

// reject notes that the candidate does not match, because the request does not meet the conditions unmet.
func reject(c *explanation.Candidate, unmet []string) {
	c.Mismatched, c.Unmet = true, unmet
	c.Why = "does not match: the path does, but the rule asks for " + strings.Join(unmet, "; ")
}

// hints returns hints for a request that no rule takes: what keeps the rules of its host from it, or which wildcards
// almost match its host.
func (s *site) hints(host []byte, candidates []explanation.Candidate) []string {
	decides := s.deciding(host)
	foreign := slices.ContainsFunc(candidates, func(c explanation.Candidate) bool { return c.Rank() == 1 && c.Unserved == "" })
	switch {
	case foreign && decides.Alone:
		return []string{"none of the rules for " + explanation.ShownHost(decides.Name) + " matches; those of less specific hosts are not asked, because " +
			"its Ingresses are written for ingress-nginx"}
	case foreign:
		return []string{explanation.ShownHost(decides.Name) + " " + belongs(decides) +
			", and none of its rules matches; rules of others are not asked"}
	case len(candidates) > 0 && candidates[0].Rank() == 1:
		return []string{"rules for this host are above; none that matches is served"}
	case slices.ContainsFunc(candidates, func(c explanation.Candidate) bool { return len(c.Unmet) > 0 }):
		return []string{"rules for this host are above; those that have the path ask for more"}
	case len(candidates) > 0:
		hints := []string{"rules for this host are above; none of their paths matches"}
		if decides.Opened != "" {
			hints = append(hints, opened(decides.Name, decides.Opened))
		}
		return hints
	case decides.Owner != "" && s.listener == nil:
		return []string{explanation.ShownHost(decides.Name) + " " + belongs(decides) + ", which has no rule for it that could be served"}
	}
	if len(s.Snapshot.Hosts)+len(s.Snapshot.Listeners) == 0 {
		return []string{"nothing is served at all: no Ingress or Gateway was accepted, or none is of this controller's class"}
	}
	hints := []string{fmt.Sprintf("no rule is for host %s; %d hosts are served%s", host, len(s.hosts), s.there())}
	for i := range s.hosts {
		name := s.hosts[i].Name
		suffix, wildcard := strings.CutPrefix(name, "*")
		switch {
		case !wildcard:
			continue
		case string(host) == suffix[1:]:
			hints = append(hints, name+" does not stand for "+suffix[1:]+" itself")
		case strings.HasSuffix(string(host), suffix) && !s.deep():
			hints = append(hints, name+" stands for exactly one label before "+suffix[1:])
		}
	}
	return hints
}

// others returns hints about a request's host at other sites: which of them have a rule for the request.
func (s *site) others(host, path []byte) (hints []string) {
	for _, o := range sitesOf(s.Generation) {
		if o.address() == s.address() || !slices.ContainsFunc(o.rulesFor(host), func(r namedRoute) bool { return covers(r.Route, path) }) {
			continue
		}
		if o.listener == nil {
			hints = append(hints, "an Ingress has a rule for it: leave the port out, or write the one that Ingresses are served at")
			continue
		}
		hints = append(hints, fmt.Sprintf("listener %s has a rule for it: write %s://%s:%d%s", o.deciding(host).Owner, schemeOf(o.listener.TLS), host,
			o.listener.ClientPort(), path))
	}
	return hints
}

// there says in words where the hosts of a site are served.
func (s *site) there() string {
	switch {
	case s.listener != nil:
		return " at " + s.listener.Address.String()
	case len(s.Snapshot.Listeners) > 0:
		return " by Ingresses"
	}
	return ""
}
