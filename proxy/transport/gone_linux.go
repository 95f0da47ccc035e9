// SPDX-License-Identifier: Apache-2.0

package transport

import "syscall"

// The states of a TCP socket after its peer closed or reset the connection (linux/tcp_states.h).
const (
	tcpClose     = 7
	tcpCloseWait = 8
)

// Gone returns whether the peer closed or reset the connection, even if bytes that it sent before are still unread. A
// client that only ended its own side looks the same and counts as gone, as it does for nginx and Envoy.
func (t *TCP) Gone() bool {
	state := tcpClose
	_ = t.raw.Control(func(fd uintptr) {
		// The first byte of struct tcp_info is the state.
		info, err := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_INFO)
		if err == nil {
			state = info & 0xff
		}
	})
	return state == tcpClose || state == tcpCloseWait
}
