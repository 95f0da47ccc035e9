// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"slices"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Challenge is an answer to a certificate authority, and the namespace of the object that has it ready.
type Challenge struct {
	Namespace string
	snapshot.Challenge
}

// answer returns the challenges that are served: those for hosts that no other namespace owns and that the object's own
// may have. Otherwise whoever may write into one namespace could prove to an authority that he has the hosts of
// another.
func (h *hosts) answer(challenges []Challenge) []snapshot.Challenge {
	var served []snapshot.Challenge
	for i := range challenges {
		ch := &challenges[i]
		if h.allowed.allows(ch.Namespace, ch.Host) && !h.ownedElsewhere(ch.Namespace, ch.Host) {
			served = append(served, ch.Challenge)
		}
	}
	slices.SortFunc(served, func(a, b snapshot.Challenge) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Token, b.Token),
			cmp.Compare(a.KeyAuthorization, b.KeyAuthorization))
	})
	return slices.CompactFunc(served, func(a, b snapshot.Challenge) bool {
		return a.Host == b.Host && a.Type == b.Type && a.Token == b.Token
	})
}
