// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package transport

import "syscall"

// Peer asks the kernel about the peer. It cannot tell whether the peer has ended its side while bytes are unread.
func (t *TCP) Peer() Peer {
	p := Peer{Gone: true}
	_ = t.raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		p.Gone = err != nil && err != syscall.EAGAIN
		p.Ended = n == 0 && err == nil
	})
	return p
}

// Unread knows nothing of what came.
func (t *TCP) Unread() int { return 0 }
