// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"cmp"
	"slices"
)

// Unserved is a path of a rule that has no route: another one has its place, its host is another's, or it makes no
// sense.
type Unserved struct {
	// Host and Path are as the rule has them; where they make sense, in the form of a [Host] and a [Route].
	Host  string
	Path  string
	Match PathMatch
	// Senseless is set where the path is none that a request could have been compared with, such as a pattern.
	Senseless bool
	Rule      RuleID
	// Service is "namespace/service".
	Service string
	// Reason is the condition's that the object has because of it, and Why a sentence for its author.
	Reason, Why string
}

// Compare orders paths by host, and those of one host by where they are written.
func (u Unserved) Compare(o Unserved) int {
	return cmp.Or(
		cmp.Compare(u.Host, o.Host), cmp.Compare(u.Rule.Ingress, o.Rule.Ingress),
		cmp.Compare(u.Rule.Rule, o.Rule.Rule), cmp.Compare(u.Rule.Path, o.Rule.Path))
}

// unserved lists as candidates what was written for a host, or for one that it is one of, and is not served.
func (g *generation) unserved(host, path []byte) []Candidate {
	var list []Candidate
	for _, name := range namesOf(host) {
		all := g.snapshot.Unserved
		first, _ := slices.BinarySearchFunc(all, name, func(u Unserved, name string) int { return cmp.Compare(u.Host, name) })
		for i := first; i < len(all) && all[i].Host == name; i++ {
			list = append(list, all[i].candidate(path))
		}
	}
	return list
}

func (u *Unserved) candidate(path []byte) Candidate {
	c := Candidate{
		Host: u.Host, Path: u.Path, Match: u.Match.String(), Ingress: u.Rule.Ingress, Rule: u.Rule.position(),
		Service: u.Service, Unserved: u.Reason,
	}
	route := Route{Path: u.Path, Match: u.Match}
	switch {
	case u.Senseless:
		c.Why = "is not served, " + u.Reason + ": " + u.Why
	case route.covers(path):
		c.Why = "matches, but is not served, " + u.Reason + ": " + u.Why
	default:
		c.Mismatched, c.Why = true, route.mismatch()
	}
	return c
}
