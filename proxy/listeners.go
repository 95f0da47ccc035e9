// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"net/netip"

	"github.com/warren-dev/ingress/proxy/downstream"
	"github.com/warren-dev/ingress/proxy/identity"
)

// listeners are what the proxy knows of the listeners of snapshots. The proxy's mu guards all but the observers.
type listeners struct {
	// tls are the configurations of all listeners that there ever were with TLS. Each outlives its listener, because the
	// tickets that it gave to clients do.
	tls map[netip.AddrPort]*tls.Config
	// ticketKeys are what SetTicketKeys was called with last.
	ticketKeys [][32]byte
	observers  observers[netip.AddrPort]
}

// listen opens the listeners of the snapshot that is served, and closes all others. The caller has p.mu.
func (p *Proxy) listen() {
	of := p.engine.Generation.Load().Snapshot.Listeners
	if len(of) == 0 && !p.server.Listens() {
		return
	}
	wanted := make([]downstream.Listener, len(of))
	for i := range of {
		wanted[i] = downstream.Listener{Address: of[i].Address, Number: p.state.Listener(&of[i])}
		if of[i].TLS {
			wanted[i].TLS = p.listenerTLS(of[i].Address)
		}
	}
	for _, at := range p.server.Listen(wanted) {
		p.listeners.observers.tell(at)
	}
}

// listenerTLS returns the configuration for the handshakes of a listener.
func (p *Proxy) listenerTLS(at netip.AddrPort) *tls.Config {
	config := p.listeners.tls[at]
	if config == nil {
		config = identity.ServerConfig(at.String()+" ", func() *identity.Set {
			return p.engine.Generation.Load().Identity.Listener(at)
		})
		if len(p.listeners.ticketKeys) > 0 {
			config.SetSessionTicketKeys(p.listeners.ticketKeys)
		}
		if p.listeners.tls == nil {
			p.listeners.tls = make(map[netip.AddrPort]*tls.Config)
		}
		p.listeners.tls[at] = config
	}
	return config
}

// ListenFaults says why listeners of the snapshot are not open, by their addresses: a port is taken, say.
func (p *Proxy) ListenFaults() map[netip.AddrPort]string { return p.server.ListenFaults() }

// ObserveListeners calls f with an address whenever ListenFaults says something else of it than before, until stop is
// called. f must not wait, and must not call the proxy.
func (p *Proxy) ObserveListeners(f func(at netip.AddrPort)) (stop func()) {
	return p.listeners.observers.add(f)
}
