// SPDX-License-Identifier: Apache-2.0

package upstream

import "github.com/warren-dev/ingress/proxy/transport"

// link is a connection to an endpoint, whatever version of HTTP is spoken on it.
type link struct {
	transport *transport.TCP
	// secure is TLS over the transport, nil where there is none.
	secure *transport.TLS
}

// stream is what carries HTTP: the transport, or TLS over it.
func (l *link) stream() transport.Stream {
	if l.secure != nil {
		return l.secure
	}
	return l.transport
}

// quiet says whether the endpoint has sent nothing, not even the end of the connection, since the last response.
func (l *link) quiet() bool {
	if l.secure == nil {
		return l.transport.Idle()
	}
	return l.secure.Quiet()
}

// Close closes the connection at once, from anywhere.
func (l *link) Close() error { return l.transport.Close() }

// leave closes a connection that nobody uses. The endpoint is told (RFC 8446, section 6.1), if that takes no wait.
func (l *link) leave() {
	if l.secure == nil {
		_ = l.transport.Close()
		return
	}
	l.transport.WriteWithoutWaiting()
	_ = l.secure.Close()
}
