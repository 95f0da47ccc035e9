// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"io"
	"net/netip"

	"golang.org/x/sys/unix"
)

// floor relays each client's connection to a connection of its own to a backend. It copies the bytes without looking at
// them. So it costs what the kernel charges for being in between, and no proxy that reads and writes costs less.
type floor struct {
	poller   *poller
	backends []netip.AddrPort
	turn     int
	// relays has, by file descriptor, the relay that reads from it.
	relays []*relay
}

// relay is one direction: what it reads from from goes to to.
type relay struct {
	from, to int
	back     *relay
	pending  []byte
	buffer   [64 << 10]byte
	ended    bool
}

// runFloor relays from address to the backends in turn until the process ends.
func runFloor(address netip.AddrPort, backends []netip.AddrPort) error {
	p, err := newPoller()
	if err != nil {
		return err
	}
	f := &floor{poller: p, backends: backends}
	listener, err := listenTCP(address)
	if err != nil {
		return err
	}
	if err := p.add(listener); err != nil {
		return err
	}
	for {
		events, err := p.wait(longestWait)
		if err != nil {
			return err
		}
		for i := range events {
			fd := int(events[i].Fd)
			if fd == listener {
				if err := f.acceptAll(listener); err != nil {
					return err
				}
				continue
			}
			if err := f.ready(fd, events[i].Events); err != nil {
				return err
			}
		}
	}
}

func (f *floor) acceptAll(listener int) error {
	for {
		client, err := accept(listener)
		if errors.Is(err, errAgain) {
			return nil
		}
		if err != nil {
			return err
		}
		upstream, err := dial(f.backends[f.turn%len(f.backends)], netip.Addr{})
		if err != nil {
			return err
		}
		f.turn++
		if err := unblock(upstream); err != nil {
			return err
		}
		there := &relay{from: client, to: upstream}
		back := &relay{from: upstream, to: client, back: there}
		there.back = back
		for _, r := range []*relay{there, back} {
			for len(f.relays) <= r.from {
				f.relays = append(f.relays, nil)
			}
			f.relays[r.from] = r
			if err := f.poller.add(r.from); err != nil {
				return err
			}
		}
	}
}

// ready moves what it can out of the socket fd, and into it what waited for room.
func (f *floor) ready(fd int, events uint32) error {
	r := f.relays[fd]
	if r == nil {
		// The other end of the relay removed both in the same turn.
		return nil
	}
	var err error
	if events&^unix.EPOLLOUT != 0 {
		err = r.run(hungUp(events))
	}
	if err == nil && len(r.back.pending) > 0 {
		// The event may have told of more to read while back could not write.
		err = r.back.run(true)
	}
	if err == nil {
		return nil
	}
	f.relays[r.from], f.relays[r.to] = nil, nil
	return errors.Join(closeSocket(r.from), closeSocket(r.to))
}

// run copies until a socket is not ready or the connection has ended. In the first case it returns nil. If a read fills
// only a part of the buffer, it took all there was, unless toTheEnd.
func (r *relay) run(toTheEnd bool) error {
	drained := false
	for {
		for len(r.pending) > 0 {
			n, err := writeSocket(r.to, r.pending)
			if errors.Is(err, errAgain) {
				return nil
			}
			if err != nil {
				return err
			}
			r.pending = r.pending[n:]
		}
		if r.ended || drained {
			return nil
		}
		n, err := readSocket(r.from, r.buffer[:])
		switch {
		case errors.Is(err, errAgain):
			return nil
		case errors.Is(err, io.EOF):
			return r.end()
		case err != nil:
			return err
		}
		r.pending = r.buffer[:n]
		drained = n < len(r.buffer) && !toTheEnd
	}
}

// end passes the stream's end on. The connections are over once both directions have ended.
func (r *relay) end() error {
	r.ended = true
	if r.back.ended {
		return errEnd
	}
	return unix.Shutdown(r.to, unix.SHUT_WR)
}
