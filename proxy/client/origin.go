// SPDX-License-Identifier: Apache-2.0

package client

import (
	"net/netip"
	"strconv"

	"github.com/warren-dev/ingress/proxy/clientcert"
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
	// Listener is the number of the snapshot's listener that the connection came to. It is 0 if it came to none of those.
	Listener int
	// Secure is set if the connection is TLS.
	Secure bool
	// TLSVersion is "1.2" or "1.3", or empty without TLS.
	TLSVersion string
	// ServerName is the name that the client sent in the handshake, spelled as hosts are. Proven is what it had to prove
	// then, as identity.Clients has it. Both are empty for nothing.
	ServerName, Proven string
	// ProvenUntil is when that ceases to hold, in seconds since 1970. 0 is for never.
	ProvenUntil int64
	// Shown is what the client showed in the handshake, if it was asked for a certificate. Nil if it was not.
	Shown *clientcert.Shown
	// Logins are the connections to endpoints that the client logged in on before. Nil if none are kept.
	Logins *upstream.Logins
	// Scheme is "http" or "https".
	Scheme []byte
	// peerText is the peer's address, and port is the port that a PROXY header says it connected to, as the forwarding
	// fields spell them. port is empty if no header says so.
	peerText, port []byte
}

// Origin makes the origin of a connection. port is the port that the peer connected to, by a trusted proxy's PROXY
// header. It is 0 if no header says so: the port that we listen on is not the one that clients know.
func (t Trusted) Origin(peer netip.Addr, secure bool, port uint16) Origin {
	peer = peer.Unmap().WithZone("")
	o := Origin{Peer: peer, Trusted: t.Has(peer), peerText: peer.AppendTo(nil), Secure: secure, Scheme: schemeOf(secure)}
	if port > 0 {
		o.port = strconv.AppendUint(nil, uint64(port), 10)
	}
	return o
}
