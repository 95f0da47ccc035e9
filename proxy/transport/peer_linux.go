// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"syscall"
	"unsafe"
)

// The states of a TCP socket after its peer closed or reset the connection (linux/tcp_states.h).
const (
	tcpClose     = 7
	tcpCloseWait = 8
)

// tcpInfo is the beginning of struct tcp_info (linux/tcp.h). Kernels before 4.1 fill less of it.
type tcpInfo struct {
	state         uint8
	_             [119]byte
	bytesAcked    uint64
	bytesReceived uint64
	_             [8]byte
	notSentBytes  uint32
	_             [4]byte
}

// Peer asks the kernel about the peer.
func (t *TCP) Peer() Peer {
	info := tcpInfo{state: tcpClose}
	_ = t.raw.Control(func(fd uintptr) {
		size := uint32(unsafe.Sizeof(info))
		_, _, errno := syscall.RawSyscall6(syscall.SYS_GETSOCKOPT, fd, syscall.IPPROTO_TCP, syscall.TCP_INFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
		if errno != 0 {
			info.state = tcpClose
		}
	})
	return Peer{
		Gone: info.state == tcpClose, Ended: info.state == tcpCloseWait,
		Acknowledged: info.bytesAcked, Received: info.bytesReceived, Backlog: info.notSentBytes > 0,
	}
}

// Unread returns how many bytes have come that were not read.
func (t *TCP) Unread() int {
	n := int32(0)
	_ = t.raw.Control(func(fd uintptr) {
		_, _, _ = syscall.RawSyscall(syscall.SYS_IOCTL, fd, syscall.TIOCINQ, uintptr(unsafe.Pointer(&n)))
	})
	return int(n)
}
