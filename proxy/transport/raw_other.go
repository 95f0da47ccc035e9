// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package transport

import "syscall"

func rawRead(fd uintptr, p []byte) (int, syscall.Errno) {
	n, err := syscall.Read(int(fd), p)
	return n, errnoOf(err)
}

func rawWrite(fd uintptr, p []byte) (int, syscall.Errno) {
	n, err := syscall.Write(int(fd), p)
	return n, errnoOf(err)
}

func rawWriteMore(fd uintptr, p []byte) (int, syscall.Errno) { return rawWrite(fd, p) }

func rawPeek(fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, err := syscall.Recvfrom(int(fd), p, syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return n, errnoOf(err)
}

// rawUnacknowledged returns 0: the number is not known here.
func rawUnacknowledged(uintptr) (int, syscall.Errno) { return 0, 0 }

func errnoOf(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	if errno, ok := err.(syscall.Errno); ok { //nolint:errorlint // the syscall package wraps nothing
		return errno
	}
	return syscall.EIO
}
