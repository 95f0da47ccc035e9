// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"context"

	"github.com/warren-dev/ingress/controllers/translate"
)

// Derive has each host belong to the namespace of the oldest Ingress in an input that names it, and to nobody whom the
// input does not have. It is for objects that are in no cluster, where nothing is recorded. A build without owners
// gives the hosts to the same namespaces.
func (h *Hosts) Derive(in *translate.Input) {
	h.building.Lock()
	defer h.building.Unlock()
	for host := range h.claims {
		h.drop(host)
	}
	fresh, _ := h.read(in)
	for host, by := range fresh {
		h.set(host, &heldClaim{hostClaim: hostClaim{Namespace: by.Namespace, Since: by.Created.UTC()}})
	}
	kept := *in
	h.source = func(context.Context) (translate.Input, error) { return kept, nil }
}
