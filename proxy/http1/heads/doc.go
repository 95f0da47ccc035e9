// SPDX-License-Identifier: Apache-2.0

// Package heads reads and writes the heads of HTTP/1.1 as bytes (RFC 9112): where a head ends, what it means, how the
// content behind it is framed, and how a head is written. It parses in place, so what it returns are views of the
// bytes that it was given. It knows no connection and keeps nothing between two calls.
//
// In requests it accepts what the grammar allows and nothing else. Where the RFC lets a recipient be lenient, and two
// recipients could read different messages from the same bytes, it refuses. In responses it forgives what nobody can
// read in two ways, and writes it in exact form. It knows nothing of hosts, routes or policies.
//
// Read in this order: head.go (where a head ends, and its fields), request.go and response.go (what a head means, and
// how it is written), framing.go (what the fields say of the content and the connection), limits.go (the limits, and
// the refusals).
package heads
