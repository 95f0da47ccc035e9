// SPDX-License-Identifier: Apache-2.0

// Package http1 is HTTP/1.1 on the wire (RFC 9112): it parses heads in place, finds where content ends, and writes
// heads and content back out, for the server's side of a connection and for the client's.
//
// It accepts what the grammar allows and nothing else. Where the RFC lets a recipient be lenient and two
// recipients could come to read different messages from the same bytes, it refuses. It knows nothing of hosts,
// routes or policies, and keeps no connection of its own accord: the caller owns each one and its goroutine.
package http1
