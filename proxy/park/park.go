// SPDX-License-Identifier: Apache-2.0

package park

import "errors"

// Waiter waits for a socket.
type Waiter interface {
	// Wake is called once for each [Poller.Add], unless [Poller.Remove] came first. It must not wait: all other waiters
	// are told after it.
	Wake()
}

// Event is what a waiter waits for.
type Event uint8

const (
	// Readable is that a socket can be read: bytes have come, or its end.
	Readable Event = iota
	// Ended is that the peer has ended its side or is gone. Bytes wake nobody, so that a socket can stay in the poller
	// while it is used.
	Ended
)

// ErrClosed is returned by [Poller.Add] once a poller was closed, or has failed.
var ErrClosed = errors.New("the poller is closed")
