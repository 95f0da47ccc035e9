// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/tls"
	"net/netip"
	"strings"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// compileListeners makes the sets of a snapshot's listeners from its certificates, which have been parsed.
func (s *Store) compileListeners(of *snapshot.Snapshot, parsed *certificates) (map[netip.AddrPort]*Set, error) {
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
		c := certificates{
			exact: make(map[string][]*tls.Certificate), wildcard: make(map[string][]*tls.Certificate), deep: true, loaded: parsed.loaded,
		}
		for j := range l.Names {
			list := make([]*tls.Certificate, len(l.Names[j].Certificates))
			for n, id := range l.Names[j].Certificates {
				var err error
				if list[n], err = s.certificate(byID[id], len(list) > 1); err != nil {
					return nil, err
				}
			}
			switch suffix, wildcard := strings.CutPrefix(l.Names[j].Name, "*"); {
			case suffix == "":
				c.others = list
			case wildcard:
				c.wildcard[suffix] = list
			default:
				c.exact[suffix] = list
			}
		}
		sets[l.Address] = &Set{certificates: c}
	}
	return sets, nil
}
