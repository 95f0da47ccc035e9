// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The load, the backends and the floor do not use Go's own network poller. Each is one loop on one core, and its cost
// must not be what is measured. Their sockets never block, so their system calls need not be announced to the
// scheduler.

// errAgain says that a socket has nothing to read now, or no room to write.
var errAgain = errors.New("the socket is not ready")

// listenTCP opens a listener that does not block.
func listenTCP(address netip.AddrPort) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("opening a socket: %w", err)
	}
	// Without it, connections of an earlier listener that are not forgotten yet would keep the port.
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("setting up a listener: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: address.Addr().As4(), Port: int(address.Port())}); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("listening on %s: %w", address, err)
	}
	if err := unix.Listen(fd, 4096); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("listening on %s: %w", address, err)
	}
	return fd, nil
}

// accept returns the next connection, or errAgain.
func accept(listener int) (fd int, err error) {
	fd, _, err = unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return -1, errAgain
	case err != nil:
		return -1, fmt.Errorf("accepting a connection: %w", err)
	}
	return fd, noDelay(fd)
}

// dial connects, from source if that is valid, and waits for the connection. On loopback that takes microseconds. The
// socket blocks until [unblock].
func dial(address netip.AddrPort, source netip.Addr) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("opening a socket: %w", err)
	}
	if err := connect(fd, address, source); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("connecting to %s: %w", address, err)
	}
	return fd, nil
}

func connect(fd int, address netip.AddrPort, source netip.Addr) error {
	if source.IsValid() {
		if err := bindSource(fd, source); err != nil {
			return err
		}
	}
	if err := unix.Connect(fd, &unix.SockaddrInet4{Addr: address.Addr().As4(), Port: int(address.Port())}); err != nil {
		return err
	}
	return noDelay(fd)
}

// bindSource gives the socket an address to come from. It leaves the port to connect, which can share a port among
// destinations.
func bindSource(fd int, source netip.Addr) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return err
	}
	return unix.Bind(fd, &unix.SockaddrInet4{Addr: source.As4()})
}

func noDelay(fd int) error {
	return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
}

func unblock(fd int) error {
	return unix.SetNonblock(fd, true)
}

// awaitSocket returns when there is something to read, or an error after patience.
func awaitSocket(fd int) error {
	for deadline := time.Now().Add(patience); ; {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(time.Until(deadline).Milliseconds()))
		switch {
		case n > 0:
			return nil
		case err != nil && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("waiting for a socket: %w", err)
		case !time.Now().Before(deadline):
			return fmt.Errorf("there was no answer within %s", patience)
		}
	}
}

// source returns the i-th of n addresses of this machine to connect from. Each has its own ephemeral ports: one address
// has 28,000, which thousands of new connections use up. n of 0 or 1 leaves the choice to the system.
func source(i, n int) netip.Addr {
	if n < 2 {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, byte(2 + i%n)})
}

// readSocket reads what there is. It returns io.EOF at the stream's end, and errAgain if there is nothing.
func readSocket(fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return received(n, errno)
}

// discardSocket takes up to n bytes from the stream without copying them. That saves the load and the backends most of
// the cost of large bodies.
func discardSocket(fd, n int) (int, error) {
	got, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), 0, uintptr(n), unix.MSG_TRUNC, 0, 0)
	return received(got, errno)
}

func received(n uintptr, errno unix.Errno) (int, error) {
	switch {
	case errno == unix.EAGAIN:
		return 0, errAgain
	case errno != 0:
		return 0, errno
	case n == 0:
		return 0, io.EOF
	}
	return int(n), nil
}

// writeSocket writes what the socket has room for. It returns errAgain if it has none.
func writeSocket(fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
	switch {
	case errno == unix.EAGAIN:
		return 0, errAgain
	case errno != 0:
		return 0, errno
	}
	return int(n), nil
}

func closeSocket(fd int) error {
	if err := unix.Close(fd); err != nil {
		return fmt.Errorf("closing a socket: %w", err)
	}
	return nil
}
