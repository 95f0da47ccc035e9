// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"sync"
	"time"

	"github.com/warren-dev/ingress/proxy/clientcert"
)

// Revocations are the lists of revocations that an object was found to hold. It is immutable. To find out whether
// authorities have signed the lists costs more than all the rest of a build, so that is remembered.
type Revocations struct {
	// Lists are in PEM. Fault says why there are none.
	Lists, Fault string
	// Expires is when the first of them does. The zero time if none does.
	Expires time.Time

	mu sync.Mutex // guards what follows
	// judged is what was found by the certificates of the authorities in by.
	judged inspection
	by     string
}

// inspection is what there is to say of lists of revocations of certain authorities.
type inspection struct {
	// fault says why they are of no use. Empty if they are.
	fault string
	// without are the authorities that have no list.
	without []string
	// expires is when the first list that counts does. The zero time if none does.
	expires time.Time
}

// inspect judges the lists as those of authorities.
func (r *Revocations) inspect(authorities string) inspection {
	if r.Fault != "" {
		return inspection{fault: r.Fault}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by != authorities {
		r.by = authorities
		r.judged.fault, r.judged.without, r.judged.expires = clientcert.InspectRevocations(r.Lists, authorities)
	}
	return r.judged
}
