// SPDX-License-Identifier: Apache-2.0

// Package http1 is HTTP/1.1 on the wire (RFC 9112): it parses heads in place, finds where content ends, and writes
// heads and content, for the server's side of a connection and for the client's.
//
// In requests it accepts what the grammar allows and nothing else. Where the RFC lets a recipient be lenient, and two
// recipients could read different messages from the same bytes, it refuses. In responses it forgives what nobody can
// read in two ways, and writes it in exact form. It knows nothing of hosts, routes or policies. It keeps no connection
// by itself: the caller owns each one and its goroutine.
//
// Read in this order: server.go (a server's connection), client.go (a client's), reader.go (what was received), head.go
// (where a head ends, and its fields), request.go and response.go (what a head means), framing.go (how content is
// framed), content.go (reading content), writer.go (writing a message), splice.go (content that goes past both),
// heads.go (memory of long heads), limits.go (the limits, and the refusals).
package http1
