// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"net/netip"

	"github.com/warren-dev/ingress/proxy/upstream"
)

// Origin is what is known of a connection's other end. It is made once per connection.
type Origin struct {
	Peer    netip.Addr
	Trusted bool
	// Secure is set where the connection is TLS.
	Secure bool
	// TLSVersion is "1.2" or "1.3", or empty without TLS.
	TLSVersion string
	// Logins are the connections to endpoints that the client logged in on before, or nil where none are kept.
	Logins *upstream.Logins
	// The peer's address, the scheme and the port that it came to, as the forwarding fields spell them.
	peerText, scheme, port []byte
}

// OriginOf makes the origin of a connection that came to a port, as the forwarding fields spell it.
func (g *Engine) OriginOf(peer netip.Addr, secure bool, port []byte) Origin {
	peer = peer.Unmap().WithZone("")
	o := Origin{Peer: peer, Trusted: g.Trusts(peer), peerText: peer.AppendTo(nil), Secure: secure, scheme: schemeHTTP, port: port}
	if secure {
		o.scheme = schemeHTTPS
	}
	return o
}

// Trusts says whether the forwarding fields of a peer are believed. The prefixes were not compiled: there are few.
func (g *Engine) Trusts(address netip.Addr) bool {
	for _, p := range g.Trusted {
		if p.Contains(address) {
			return true
		}
	}
	return false
}
