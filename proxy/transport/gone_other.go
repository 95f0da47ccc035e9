// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package transport

import "syscall"

// Gone returns whether the peer closed or reset the connection. It cannot tell while bytes are unread.
func (t *TCP) Gone() bool {
	gone := true
	_ = t.raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		gone = n == 0 && err != syscall.EAGAIN
	})
	return gone
}
