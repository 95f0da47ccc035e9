// SPDX-License-Identifier: Apache-2.0

package upstream

import "github.com/warren-dev/ingress/proxy/transport"

// link is a connection to an endpoint, below HTTP.
type link struct {
	transport *transport.TCP
	// secure is TLS over the transport, or nil.
	secure *transport.TLS
}

// stream returns what carries HTTP: the transport, or TLS over it.
func (l *link) stream() transport.Carrier {
	if l.secure != nil {
		return l.secure
	}
	return l.transport
}

// quiet says whether the endpoint has sent nothing since the last response, not even the end of the connection.
func (l *link) quiet() bool {
	if l.secure == nil {
		return l.transport.Idle()
	}
	return l.secure.Quiet()
}

// Close closes the connection at once, from anywhere.
func (l *link) Close() error { return l.transport.Close() }

// leave closes a connection that nobody uses. Over TLS it tells the endpoint (RFC 8446, section 6.1), if that takes no
// wait.
func (l *link) leave() {
	if l.secure == nil {
		_ = l.transport.Close()
		return
	}
	l.transport.WriteWithoutWaiting()
	_ = l.secure.Close()
}
