// SPDX-License-Identifier: Apache-2.0

package transport

// Peer is what the kernel knows of the other end of a connection, without a read or a write.
type Peer struct {
	// Gone is set if the connection is over: the peer has reset it, or answers no more.
	Gone bool
	// Ended is set if the peer has ended its side, even if bytes that it sent before are still unread. It may have closed
	// the connection, or wait for what we send (RFC 9112, section 9.6): nobody can tell before something is sent.
	Ended bool
	// Acknowledged is how many bytes the peer's TCP has acknowledged, and Received how many came from it. Both are 0 if
	// the system does not tell.
	Acknowledged, Received uint64
	// Backlog is set if bytes wait that the peer has no room for, or that the way to it does not carry yet.
	Backlog bool
}
