// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"fmt"
	"maps"
	"net/netip"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// compileListeners makes the sets of a snapshot's listeners from its certificates. It takes those from before whose
// names and certificates are the same.
func (s *Store) compileListeners(of *snapshot.Snapshot, c *snapshot.Changes, certificates *certificates, before *Set) (map[netip.AddrPort]*Set, error) {
	if c.Certificates == nil && len(c.Listeners) == 0 {
		return before.listeners, nil
	}
	sets := maps.Clone(before.listeners)
	if sets == nil {
		sets = make(map[netip.AddrPort]*Set)
	}
	changed := make(map[netip.AddrPort]bool)
	for i := range c.Listeners {
		switch l := &c.Listeners[i]; {
		case l.After == nil:
			delete(sets, l.Before.Address)
		case l.Before == nil || l.Names:
			changed[l.After.Address] = true
		}
	}
	var byID map[string]*servedCertificate
	for i := range of.Listeners {
		l := &of.Listeners[i]
		if !changed[l.Address] && (c.Certificates == nil || len(l.Names) == 0) {
			continue
		}
		if byID == nil {
			byID = make(map[string]*servedCertificate, len(certificates.loaded))
			for _, c := range certificates.loaded {
				byID[c.id] = c
			}
		}
		names, err := s.compileNames(l, byID)
		if err != nil {
			return nil, err
		}
		sets[l.Address] = &Set{names: names}
	}
	return sets, nil
}

func (s *Store) compileNames(l *snapshot.Listener, byID map[string]*servedCertificate) (*Names, error) {
	names := newNames()
	for i := range l.Names {
		n := servedName{certificates: make([]*servedCertificate, len(l.Names[i].Certificates))}
		var err error
		if n.clients, err = s.compileClients(l.Names[i].Clients); err != nil {
			return nil, fmt.Errorf("listener %q, name %q: %w", l.Address, l.Names[i].Name, err)
		}
		for j, id := range l.Names[i].Certificates {
			n.certificates[j] = byID[id]
		}
		if err := withLeaves(n.certificates); err != nil {
			return nil, err
		}
		names.add(l.Names[i].Name, &n)
	}
	return names, nil
}
