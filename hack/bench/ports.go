// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// ports hands out ports of 127.0.0.1. They are below those that the system gives to connections. There are tens of
// thousands of connections here, and one of them could hold a port that a proxy is about to listen on.
type ports struct{ next uint16 }

const firstPort, lastPort = 20000, 32000

// take returns an address that nothing listens on.
func (p *ports) take() (netip.AddrPort, error) {
	for p.next = max(p.next, firstPort); p.next < lastPort; {
		address := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), p.next)
		p.next++
		listener, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(address))
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			return netip.AddrPort{}, fmt.Errorf("looking for a free port: %w", err)
		}
		return address, nil
	}
	return netip.AddrPort{}, errors.New("looking for a free port: all from 20000 to 32000 are taken")
}

// takeAll sets each of the addresses.
func (p *ports) takeAll(addresses ...*netip.AddrPort) (err error) {
	for _, address := range addresses {
		if *address, err = p.take(); err != nil {
			return err
		}
	}
	return nil
}
