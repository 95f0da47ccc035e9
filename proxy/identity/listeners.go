// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

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
	renewed := make(map[string]bool)
	if c.Certificates != nil {
		for i := range c.Certificates.After {
			renewed[c.Certificates.After[i].ID] = true
		}
	}
	var byID map[string]*servedCertificate
	for i := range of.Listeners {
		l := &of.Listeners[i]
		if !changed[l.Address] && !names(l, renewed) {
			continue
		}
		if byID == nil {
			byID = make(map[string]*servedCertificate, len(certificates.loaded))
			for _, c := range certificates.loaded {
				byID[c.id] = c
			}
		}
		compiled, err := s.compileNames(l, byID)
		if err != nil {
			return nil, err
		}
		sets[l.Address] = &Set{names: compiled}
	}
	return sets, nil
}

// names says whether a listener names any of some certificates.
func names(l *snapshot.Listener, some map[string]bool) bool {
	if len(some) == 0 {
		return false
	}
	return slices.ContainsFunc(l.Names, func(n snapshot.ServedName) bool {
		return slices.ContainsFunc(n.Certificates, func(id string) bool { return some[id] })
	})
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
