// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"slices"

	"github.com/warren-dev/ingress/proxy/condition"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// unserved lists, as candidates, the paths without a route that were written for a host or for a name that it is
// served under.
func (s *site) unserved(req *message.Request, host, path []byte) []explanation.Candidate {
	var list []explanation.Candidate
	for _, name := range s.names(host) {
		all := s.Snapshot.Unserved
		first, _ := slices.BinarySearchFunc(all, name, func(u snapshot.Unserved, name string) int {
			return cmp.Or(u.Listener.Compare(s.address()), cmp.Compare(u.Host, name))
		})
		for i := first; i < len(all) && all[i].Listener == s.address() && all[i].Host == name; i++ {
			list = append(list, notServed(&all[i], req, path))
		}
	}
	return list
}

// notServed returns the candidate of a path that has no route.
func notServed(u *snapshot.Unserved, req *message.Request, path []byte) explanation.Candidate {
	c := explanation.Candidate{
		Host: u.Host, Path: u.Path, Match: u.Match.String(), Conditions: u.Conditions.String(), Ingress: u.Rule.Ingress,
		Rule: u.Rule.Place(), Service: u.Service, Unserved: u.Reason,
	}
	missing := condition.Unmet(u.Conditions, req)
	route := snapshot.Route{Path: u.Path, Match: u.Match}
	switch {
	case u.Senseless:
		c.Why = "is not served, " + u.Reason + ": " + u.Why
	case !covers(&route, path):
		c.Mismatched, c.Why = true, mismatch(&route)
	case len(missing) > 0:
		reject(&c, missing)
	default:
		c.Why = "matches, but is not served, " + u.Reason + ": " + u.Why
	}
	return c
}
