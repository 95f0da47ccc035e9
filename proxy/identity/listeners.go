// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/tls"
	"fmt"
	"net/netip"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// compileListeners makes the sets of a snapshot's listeners from its certificates, which have been parsed.
func (s *Store) compileListeners(of *snapshot.Snapshot) (map[netip.AddrPort]*Set, error) {
	if len(of.Listeners) == 0 {
		return nil, nil
	}
	byID := make(map[string]*snapshot.Certificate, len(of.Certificates))
	for i := range of.Certificates {
		byID[of.Certificates[i].ID] = &of.Certificates[i]
	}
	sets := make(map[netip.AddrPort]*Set, len(of.Listeners))
	for i := range of.Listeners {
		l := &of.Listeners[i]
		names := newNames()
		for j := range l.Names {
			n := servedName{certificates: make([]*tls.Certificate, len(l.Names[j].Certificates))}
			var err error
			if n.clients, err = s.compileClients(l.Names[j].Clients); err != nil {
				return nil, fmt.Errorf("listener %q, name %q: %w", l.Address, l.Names[j].Name, err)
			}
			for k, id := range l.Names[j].Certificates {
				if n.certificates[k], err = s.certificate(byID[id], len(n.certificates) > 1); err != nil {
					return nil, err
				}
			}
			names.add(l.Names[j].Name, &n)
		}
		sets[l.Address] = &Set{names: names}
	}
	return sets, nil
}
