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

// placeListeners says of each listener in a snapshot which port clients know it by, and whose its address is.
func placeListeners(listeners []*rules.Listener, in *snapshot.Snapshot) {
	for _, l := range listeners {
		if i, ok := findListener(in, l.Address); ok {
			in.Listeners[i].Port, in.Listeners[i].Owner = l.Port, l.Owner
		}
	}
}

// findListener returns the index of the listener at an address.
func findListener(in *snapshot.Snapshot, at netip.AddrPort) (int, bool) {
	return slices.BinarySearchFunc(in.Listeners, at, func(l snapshot.Listener, at netip.AddrPort) int { return l.Address.Compare(at) })
}

// nameListeners says of each listener in a snapshot whether it speaks TLS, for which names it takes connections, which
// of the snapshot's certificates it serves for them, and what clients have to prove. If that cannot be read, no
// handshake for the name succeeds.
func nameListeners(in *Input, s *snapshot.Snapshot) {
	if len(in.Listeners) == 0 {
		return
	}
	served := make(map[string]bool, len(s.Certificates))
	for i := range s.Certificates {
		served[s.Certificates[i].ID] = true
	}
	known := NewKnownAuthorities(in.Authorities)
	for _, l := range in.Listeners {
		i, ok := findListener(s, l.Address)
		if !ok || !l.TLS {
			continue
		}
		s.Listeners[i].TLS = true
		name := snapshot.ServedName{Name: l.Name}
		for _, at := range l.Certificates {
			if id := at.Namespace + "/" + at.Name; served[id] && !slices.Contains(name.Certificates, id) {
				name.Certificates = append(name.Certificates, id)
			}
		}
		if l.Clients != nil {
			if name.Clients.Authorities, _ = known.join(l.Clients.Authorities); name.Clients.Authorities == "" {
				name.Certificates = nil
			} else {
				name.Clients.Optional = l.Clients.Optional
			}
		}
		s.Listeners[i].Names = append(s.Listeners[i].Names, name)
	}
	for i := range s.Listeners {
		slices.SortFunc(s.Listeners[i].Names, func(a, b snapshot.ServedName) int { return cmp.Compare(a.Name, b.Name) })
	}
}
