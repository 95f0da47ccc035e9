// SPDX-License-Identifier: Apache-2.0

// Package http1 is HTTP/1.1 on a connection (RFC 9112): it reads messages from it and writes messages to it, on the
// server's side and on the client's. Package heads knows what is in a head. This package waits for the bytes of one,
// finds where the content behind it ends, and sends heads and content in few writes. It is as strict as package heads:
// what two recipients could read in different ways is refused.
//
// It knows nothing of hosts, routes or policies. It keeps no connection by itself: the caller owns each one and its
// goroutine.
//
// Read in this order: server.go (a server's connection), client.go (a client's), reader.go (what was received),
// content.go (reading content, and chunks), drop.go (content that nobody reads), writer.go (writing a message),
// splice.go (content that goes past both), heads.go (memory of long heads).
package http1
