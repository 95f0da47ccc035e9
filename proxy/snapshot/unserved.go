// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"cmp"
	"net/netip"
)

// Unserved is a path of a rule that has no route. For instance, another rule has its place, another owner has its host,
// or the path makes no sense.
type Unserved struct {
	// Listener is the address of the listener that the rule is for. It is the zero value for a rule of none.
	Listener netip.AddrPort
	// Host and Path are what the rule says. If they make sense, they have the form that they have in a [Host] and a
	// [Route].
	Host  string
	Path  string
	Match PathMatch
	// Conditions are like those of a [Route].
	Conditions *Conditions
	// Senseless is set if no request can be compared with the path, for instance because it is a pattern.
	Senseless bool
	Rule      RuleID
	// Service is "namespace/service".
	Service string
	// Reason is the reason of the condition that the object has because of this path. Why is a sentence for the object's
	// author.
	Reason, Why string
}

// Compare orders paths by listener and host. It orders the paths of one host by where they are written: by object,
// rule and path.
func (u Unserved) Compare(o Unserved) int {
	return cmp.Or(
		u.Listener.Compare(o.Listener), cmp.Compare(u.Host, o.Host), cmp.Compare(u.Rule.Ingress, o.Rule.Ingress),
		cmp.Compare(u.Rule.Rule, o.Rule.Rule), cmp.Compare(u.Rule.Path, o.Rule.Path))
}

// Equal says whether two paths are written alike and have no route for the same reason.
func (u Unserved) Equal(o Unserved) bool { return u.equal(&o) }

func (u *Unserved) equal(o *Unserved) bool {
	one, other := *u, *o
	one.Conditions, other.Conditions = nil, nil
	return one == other && u.Conditions.Equal(o.Conditions)
}
