// SPDX-License-Identifier: Apache-2.0

// Package downstream is clients' connections: a [Server] accepts them, reads PROXY headers, does handshakes, has the
// pipeline serve the requests on them, and drains. Whoever watches or drains sees a [Conn], whatever it speaks.
//
// It knows nothing of routes and of endpoints.
//
// Begin with server.go and accept.go. conn.go says what a connection is to others, and link.go what all have. A
// connection begins in arrival.go, with proxyprotocol.go and handshake.go. It goes on in http1conn.go, whose
// activity.go tells what it does and whose http1watch.go finds clients that went away, or in http2conn.go, whose
// requests are those of stream.go. registry.go knows the connections that are open, and drain.go ends them.
package downstream
