// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"os"
	"syscall"
	"time"
)

// Socket is a connected socket that neither a TCP nor the runtime's poller knows of. It costs no memory here.
type Socket int32

// Duplicate returns another descriptor of the connection's socket.
func (t *TCP) Duplicate() (Socket, error) {
	var fd uintptr
	var errno syscall.Errno
	if err := t.raw.Control(func(of uintptr) {
		fd, _, errno = syscall.RawSyscall(syscall.SYS_FCNTL, of, syscall.F_DUPFD_CLOEXEC, 0)
	}); err != nil {
		return -1, err
	}
	if errno != 0 {
		return -1, os.NewSyscallError("fcntl", errno)
	}
	return Socket(fd), nil
}

// Attach makes a transport of the socket, which belongs to it then. If that fails, the socket is closed. The file below
// costs three system calls. A [net.TCPConn] would cost twenty.
func (s Socket) Attach(c Clock, writeStall time.Duration) (*TCP, error) {
	file := os.NewFile(uintptr(s), "socket")
	t, err := newTCP(file, c, writeStall)
	if err == nil {
		err = file.SetDeadline(time.Time{}) // fails if the runtime does not poll the file
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return t, nil
}

// shutdown is CloseWrite of a socket that has rested.
func (t *TCP) shutdown() error {
	var fault error
	if err := t.raw.Control(func(fd uintptr) { fault = syscall.Shutdown(int(fd), syscall.SHUT_WR) }); err != nil {
		return err
	}
	return os.NewSyscallError("shutdown", fault)
}

// dropUnsent has a socket that has rested drop what was not sent when it is closed, and reset the connection.
func (t *TCP) dropUnsent() { _ = t.raw.Control(dropUnsent) }

func dropUnsent(fd uintptr) {
	_ = syscall.SetsockoptLinger(int(fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
}

// Close closes the socket.
func (s Socket) Close() { _ = syscall.Close(int(s)) }

// Reset closes the socket so that the peer cannot take it for an orderly end.
func (s Socket) Reset() {
	dropUnsent(uintptr(s))
	s.Close()
}
