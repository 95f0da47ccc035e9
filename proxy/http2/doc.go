// SPDX-License-Identifier: Apache-2.0

// Package http2 is HTTP/2 on the wire (RFC 9113), the server's side and the client's: frames, header blocks, streams,
// flow control and the order in which responses are sent (RFC 9218). It neither accepts nor makes pushes. It knows
// nothing of hosts, routes or policies.
//
// One goroutine reads a connection. One or two other goroutines work on each stream, and may block. What streams send
// is gathered in one buffer under the connection's one lock. Whoever finds that nobody is writing sends all of it in
// one write. Heads are encoded without the dynamic table, as they are made, so that they depend on no order. Heads that
// come are decoded with the dynamic table.
//
// Messages have to be what HTTP/1.1 can express (RFC 9113, section 8.2.1 and 8.3): no field can become another field,
// or another message, at an endpoint that reads HTTP/1.1.
//
// Read in this order:
//
//   - config.go (limits, and what a connection needs from its caller), conn.go (what both sides share), serverconn.go
//     and clientconn.go (what the sides do differently);
//   - read.go, frame.go and process.go (from bytes to actions), settings.go, priority.go, closed.go, budget.go (what
//     floods may cost), code.go (what ends a connection);
//   - block.go (header blocks), fields.go (their fields), head.go and request.go (a request's head), response.go (a
//     response's head), heads.go (memory of heads), admit.go (a new request), answer.go (a response that came);
//   - stream.go (what both sides of a stream share), serverstream.go, workers.go and tunnel.go (a server's),
//     clientstream.go (a client's), content.go (content that came);
//   - writer.go (a message that is sent), encode.go (its head), queue.go (whose turn it is), output.go (the shared
//     buffer);
//   - rest.go, packed.go and gone.go (how connections wait without a goroutine), departure.go and silence.go (how they
//     end).
package http2
