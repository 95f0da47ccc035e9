// SPDX-License-Identifier: Apache-2.0

package client

import (
	"net/netip"

	"github.com/warren-dev/ingress/proxy/upstream"
)

// Trusted are the peers whose forwarding fields are believed.
type Trusted []netip.Prefix

// Has says whether an address is a trusted peer's. The prefixes are not compiled, because there are few.
func (t Trusted) Has(address netip.Addr) bool {
	for _, p := range t {
		if p.Contains(address) {
			return true
		}
	}
	return false
}

// Origin is what is known of a connection's other end. It is made once per connection.
type Origin struct {
	Peer    netip.Addr
	Trusted bool
	// Secure is set if the connection is TLS.
	Secure bool
	// TLSVersion is "1.2" or "1.3", or empty without TLS.
	TLSVersion string
	// Logins are the connections to endpoints that the client logged in on before. Nil if none are kept.
	Logins *upstream.Logins
	// Scheme is "http" or "https".
	Scheme []byte
	// peerText is the peer's address and port is the port that it came to, as the forwarding fields spell them.
	peerText, port []byte
}

// Origin makes the origin of a connection. port is the port that it came to, as the forwarding fields spell it.
func (t Trusted) Origin(peer netip.Addr, secure bool, port []byte) Origin {
	peer = peer.Unmap().WithZone("")
	o := Origin{Peer: peer, Trusted: t.Has(peer), peerText: peer.AppendTo(nil), Secure: secure, Scheme: schemeHTTP, port: port}
	if secure {
		o.Scheme = schemeHTTPS
	}
	return o
}
