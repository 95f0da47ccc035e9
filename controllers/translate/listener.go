// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// byListener divides hosts into those of no listener, which come first, and the listeners with theirs. at returns the
// address of a host's listener. Hosts of one listener follow one another.
func byListener(programmed []snapshot.Host, at func(i int) netip.AddrPort) (of []snapshot.Host, listeners []snapshot.Listener) {
	first := 0
	for first < len(programmed) && !at(first).IsValid() {
		first++
	}
	of = programmed[:first:first]
	for first < len(programmed) {
		l := snapshot.Listener{Address: at(first)}
		end := first
		for end < len(programmed) && at(end) == l.Address {
			end++
		}
		l.Hosts = programmed[first:end:end]
		listeners = append(listeners, l)
		first = end
	}
	return of, listeners
}

// nameCertificates says of each listener in a snapshot whether it speaks TLS, and which of the snapshot's
// certificates it serves for which names.
func nameCertificates(listeners []*rules.Listener, in *snapshot.Snapshot) {
	served := make(map[string]bool, len(in.Certificates))
	for i := range in.Certificates {
		served[in.Certificates[i].ID] = true
	}
	for _, l := range listeners {
		i, ok := slices.BinarySearchFunc(in.Listeners, l.Address, func(l snapshot.Listener, at netip.AddrPort) int { return l.Address.Compare(at) })
		if !ok {
			continue
		}
		into := &in.Listeners[i]
		into.TLS = l.TLS
		var ids []string
		for _, at := range l.Certificates {
			if id := at.Namespace + "/" + at.Name; served[id] && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		if len(ids) > 0 {
			into.Names = append(into.Names, snapshot.ServedName{Name: l.Name, Certificates: ids})
		}
	}
	for i := range in.Listeners {
		slices.SortFunc(in.Listeners[i].Names, func(a, b snapshot.ServedName) int { return cmp.Compare(a.Name, b.Name) })
	}
}
