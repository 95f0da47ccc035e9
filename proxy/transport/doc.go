// SPDX-License-Identifier: Apache-2.0

// Package transport moves bytes on sockets: with timeouts that begin anew whenever bytes flow, waiting without memory,
// through the kernel where that is cheaper, and over TLS. It knows nothing of HTTP but its names in a handshake: the
// engines say what they want of a stream.
//
// Read tcp.go first, then tls.go, which is a stream over it, and parked.go, splice.go and tunnel.go, which use both.
package transport
