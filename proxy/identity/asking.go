// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"strings"
	"unsafe"

	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/lookup"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Asking knows for which hosts clients are asked for certificates, of those that are no listener's. It is immutable
// once it is compiled. Nil has nobody asked.
type Asking struct {
	// exact has nil for a host that asks for none.
	exact lookup.Table[*clientcert.Verifier]
	// wildcard is keyed by what follows the star, which stands for one label: ".example.com".
	wildcard lookup.Table[*clientcert.Verifier]
	// others is for every other host. It may be nil.
	others *clientcert.Verifier
	// count is how many hosts ask.
	count int
}

// compileAsking makes what asks for the hosts of a snapshot from what did before, by what differs. It returns nil if no
// host asks. Clients of a host whose terms make no sense are not asked. The policy of its routes lets none of them in
// then, and says why.
func (s *Store) compileAsking(hosts []snapshot.Host, c *snapshot.Changes, before *Asking) *Asking {
	if len(c.Hosts) == 0 {
		return before
	}
	a := new(Asking)
	if before != nil {
		*a = *before
	}
	for i := range c.Hosts {
		if h := c.Hosts[i].Before; h != nil && h.Clients != nil {
			a.count--
		}
		if h := c.Hosts[i].After; h != nil && h.Clients != nil {
			a.count++
		}
	}
	if a.count == 0 {
		return nil
	}
	exact, wildcard := a.exact.Edit(), a.wildcard.Edit()
	set := func(h *snapshot.Host) {
		var by *clientcert.Verifier
		if h.Clients != nil {
			if known, err := s.Verifier(h.Clients); err == nil {
				by = known
			}
		}
		switch suffix, ok := strings.CutPrefix(h.Name, "*"); {
		case suffix == "":
			a.others = by
		case ok:
			wildcard.Set(suffix, by)
		default:
			exact.Set(suffix, by)
		}
	}
	if before == nil { // Then it has no hosts yet.
		for i := range hosts {
			set(&hosts[i])
		}
	}
	for i := range c.Hosts {
		if h := c.Hosts[i].After; h != nil {
			set(h)
			continue
		}
		switch suffix, ok := strings.CutPrefix(c.Hosts[i].Before.Name, "*"); {
		case suffix == "":
			a.others = nil
		case ok:
			wildcard.Delete(suffix)
		default:
			exact.Delete(suffix)
		}
	}
	a.exact, a.wildcard = exact.Done(), wildcard.Done()
	return a
}

// of returns what the certificates of clients for a name in lower case have to be, nil for nothing.
func (a *Asking) of(name string) *clientcert.Verifier {
	if by, ok := a.exact.Get(name); ok {
		return by
	}
	if suffix := suffixOf(name); suffix != "" {
		if by, ok := a.wildcard.Get(suffix); ok {
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
