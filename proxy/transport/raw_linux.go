// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"syscall"
	"unsafe"
)

// A system call on a socket that never blocks returns at once, so the scheduler need not be told that a thread is in
// one: RawSyscall saves two of its visits, some 4 % of what a small request costs. While the kernel copies, this
// thread's processor cannot be taken away, which is no longer than a copy of the same size in Go.

func rawRead(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}

// rawWriteMore writes what more follows at once: the kernel may keep it until then, and send both in one piece.
func rawWriteMore(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		syscall.MSG_NOSIGNAL|msgMore, 0, 0)
	return int(n), errno
}

// rawPeek looks for bytes that have arrived, and takes none. EAGAIN says that there are none and that the peer has not
// ended its side.
func rawPeek(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

// rawUnacknowledged is how many bytes of what was written the peer's TCP has not said that it has (SIOCOUTQ of tcp(7)).
func rawUnacknowledged(fd uintptr) (int, syscall.Errno) {
	var n int32
	_, _, errno := syscall.RawSyscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&n)))
	return int(n), errno
}

// msgMore is MSG_MORE of send(2).
const msgMore = 0x8000

func rawWrite(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}
