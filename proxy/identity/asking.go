// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"strings"
	"unsafe"

	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Asking knows for which hosts clients are asked for certificates, of those that are no listener's. It is immutable
// once it is compiled. Nil has nobody asked.
type Asking struct {
	// exact has nil for a host that asks for none, where a less specific one asks.
	exact map[string]*clientcert.Verifier
	// wildcard is keyed by what follows the star, which stands for one label: ".example.com".
	wildcard map[string]*clientcert.Verifier
	// others is for every other host. It may be nil.
	others *clientcert.Verifier
}

// compileAsking returns nil if no host asks. Clients of a host whose terms make no sense are not asked. The policy of
// its routes lets none of them in then, and says why.
func (s *Store) compileAsking(hosts []snapshot.Host) *Asking {
	var a *Asking
	for i := range hosts {
		if hosts[i].Clients == nil {
			continue
		}
		if a == nil {
			a = &Asking{exact: make(map[string]*clientcert.Verifier), wildcard: make(map[string]*clientcert.Verifier)}
		}
		by, err := s.Verifier(hosts[i].Clients)
		if err != nil {
			by = nil
		}
		a.set(&hosts[i], by)
	}
	if a == nil || a.others == nil && len(a.wildcard) == 0 {
		return a
	}
	for i := range hosts {
		if hosts[i].Clients == nil {
			a.set(&hosts[i], nil)
		}
	}
	return a
}

func (a *Asking) set(h *snapshot.Host, by *clientcert.Verifier) {
	switch suffix, wildcard := strings.CutPrefix(h.Name, "*"); {
	case suffix == "":
		a.others = by
	case wildcard:
		a.wildcard[suffix] = by
	default:
		a.exact[suffix] = by
	}
}

// of returns what the certificates of clients for a name in lower case have to be, nil for nothing.
func (a *Asking) of(name string) *clientcert.Verifier {
	if by, ok := a.exact[name]; ok {
		return by
	}
	if dot := strings.IndexByte(name, '.'); dot > 0 {
		if by, ok := a.wildcard[name[dot:]]; ok {
			return by
		}
	}
	return a.others
}

// Asks returns whether who connects for a canonical host is asked for a certificate.
func (a *Asking) Asks(host []byte) bool { return a != nil && a.of(text(host)) != nil }

// Misdirected says whether a request for a canonical host has come over a connection for a host with other terms.
// server is the connection's server name as [ServerName] returns it. It allocates nothing.
func (a *Asking) Misdirected(server string, host []byte) bool {
	return string(host) != server && a.of(server) != a.of(text(host))
}

func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
