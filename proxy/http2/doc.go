// SPDX-License-Identifier: Apache-2.0

// Package http2 is HTTP/2 on the wire (RFC 9113), the server's side and the client's: frames, header blocks, streams,
// flow control and the order in which responses leave (RFC 9218). It accepts no pushes, makes none, and knows nothing
// of hosts, routes or policies.
//
// A connection has one goroutine that reads; each stream is worked on by one of its own, or two, which may block. What
// streams send is gathered in one buffer under the connection's one lock, and leaves in one write of whoever finds
// nobody writing. Heads are encoded without the dynamic table, as they are made, so that they depend on no order; those
// that come are decoded with it.
//
// A message is held to what HTTP/1.1 would be (RFC 9113, section 8.2.1 and 8.3): no field can become another one, or
// another message, where an HTTP/1.1 endpoint reads it.
package http2
