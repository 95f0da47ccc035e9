// SPDX-License-Identifier: Apache-2.0

// Package downstream serves clients' connections. A [Server] accepts them, reads PROXY headers, does handshakes, has
// the pipeline serve the requests on them, and drains. The watch and the drain see each as a [Conn], in any protocol.
//
// It knows nothing of routes and of how endpoints are chosen. Of an endpoint it sees the other end of a tunnel.
//
// Read in this order: server.go (a server and its configuration), accept.go (accepting connections), conn.go (what a
// connection is to others), link.go (what all connections have), places.go (how many there may be), arrival.go (a
// connection until it is known what it speaks), handshake.go (TLS), http1conn.go (a connection of HTTP/1.1),
// activity.go (what that does at the moment), http1watch.go (clients of it that went away), http2conn.go (a connection
// of HTTP/2), http2exchange.go (its requests), rest.go, parking.go, http1rest.go and http2rest.go (how connections wait
// without a goroutine), registry.go (the connections that are open), drain.go (ending them).
package downstream
