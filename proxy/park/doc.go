// SPDX-License-Identifier: Apache-2.0

// Package park has sockets wait without a goroutine. A [Poller] tells whoever parked a socket once it can be read.
//
// Read in this order: park.go (what waits, and how it is told), table.go (who waits for which socket), poller_linux.go
// (the poller) and poller_other.go (systems without one).
package park
