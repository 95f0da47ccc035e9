// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/netip"
	"syscall"
)

func newRefusal() (*refusal, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("making an address that refuses connections: %w", err)
	}
	r := &refusal{fd: fd}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		r.release()
		return nil, fmt.Errorf("making an address that refuses connections: %w", err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		r.release()
		return nil, fmt.Errorf("making an address that refuses connections: %w", err)
	}
	local := bound.(*syscall.SockaddrInet4)
	r.address = netip.AddrPortFrom(netip.AddrFrom4(local.Addr), uint16(local.Port))
	return r, nil
}

func (r *refusal) release() { _ = syscall.Close(r.fd) }
