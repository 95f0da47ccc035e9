// SPDX-License-Identifier: Apache-2.0

package snapshot

import "cmp"

// Unserved is a path of a rule that has no route: another one has its place, its host is another's, or it makes no
// sense.
type Unserved struct {
	// Host and Path are as the rule has them; where they make sense, in the form of a [Host] and a [Route].
	Host  string
	Path  string
	Match PathMatch
	// Conditions are as those of a [Route].
	Conditions *Conditions
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

// Equal says whether two paths are written alike, and are not served for the same reason.
func (u Unserved) Equal(o Unserved) bool {
	same := u.Conditions.Equal(o.Conditions)
	u.Conditions, o.Conditions = nil, nil
	return same && u == o
}
