// SPDX-License-Identifier: Apache-2.0

// Package transport moves bytes on sockets: with timeouts that begin anew whenever bytes flow, waiting without memory,
// through the kernel where that is cheaper, and over TLS. It knows nothing of HTTP but its names in a handshake. The
// engines say what they need of a stream.
//
// Read in this order: carrier.go (what carries bytes), tcp.go (a socket that does), raw_linux.go and raw_other.go (its
// system calls), socket_linux.go and socket_other.go (a socket without a transport), peer.go, peer_linux.go and
// peer_other.go (what the kernel knows of the peer), clock.go (the time), tls.go (a stream over TCP), tlsparking.go
// (how it waits without memory), tlsbuffers.go and tlskeys.go (what it gives
// back meanwhile), handshakefault.go (why there is none),
// parked.go (a stream as HTTP/2 needs it), tunnel.go (bytes between two streams), splice.go, splice_linux.go and
// splice_other.go (content that the kernel moves).
package transport
