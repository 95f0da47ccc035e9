// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

const (
	// idleAtDrain clients have nothing to do when the proxy is drained. busyAtDrain clients are in the midst of a
	// download.
	idleAtDrain = 20
	busyAtDrain = 8
	// drainSize is too much for the sockets' buffers, so that it cannot be on its way before it is read.
	drainSize = 16 << 20
)

// drain shuts the proxy down while some clients are there, and waits for everything that it started. Downloads have to
// come to their end, and idle connections have to be closed. Shutdown must find nothing that it has to break off.
func drain(s *site, books *ledger) error {
	t := books.open("drain")
	v := &visitor{site: s, rnd: rand.New(rand.NewPCG(0, 0)), from: netip.MustParseAddr("127.0.2.1")}
	var idle, busy []*drained
	for range idleAtDrain {
		idle = append(idle, prepareDrained(v, 1))
	}
	for range busyAtDrain {
		busy = append(busy, prepareDrained(v, drainSize))
	}
	for _, d := range idle {
		// Idle means that there was a request before.
		if d.err == nil {
			d.err = d.finish()
		}
	}
	var clients sync.WaitGroup
	for _, d := range idle {
		clients.Go(func() { t.count("idle", d.closed()) })
	}
	draining := make(chan error, 1)
	go func() { draining <- s.stopProxy() }()
	for !s.proxy.Draining() {
		time.Sleep(time.Millisecond)
	}
	for _, d := range busy {
		clients.Go(func() { t.count("busy", errors.Join(d.finish(), d.closed())) })
	}
	clients.Wait()
	err := <-draining
	if w, dialErr := v.dial(); dialErr == nil {
		_ = w.Close()
		t.fail(errors.New("a connection was accepted after the drain"))
	}
	return err
}

// drained is a client that is there when the proxy is drained.
type drained struct {
	visitor *visitor
	wire    *wire
	call    *call
	reply   *reply
	size    int64
	err     error
}

const drainedSeed = 7

// prepareDrained sends a request and reads the head of the response.
func prepareDrained(v *visitor, size int64) *drained {
	d := &drained{visitor: v, size: size, call: v.call("GET", stableHost, fmt.Sprintf("/bytes/%d/%d", drainedSeed, size))}
	if d.wire, d.err = v.dial(); d.err != nil {
		return d
	}
	if d.err = d.wire.send(d.call.head()); d.err != nil {
		return d
	}
	if d.reply, d.err = d.wire.receive(d.call.method); d.err == nil {
		d.err = d.wire.genuine(d.reply, d.call, 200)
	}
	return d
}

// finish reads the content of the response.
func (d *drained) finish() error {
	if d.err != nil {
		return d.err
	}
	return d.visitor.pattern.verify(d.reply.Body, drainedSeed, d.size)
}

// closed waits for the proxy to close the connection.
func (d *drained) closed() error {
	if d.err != nil {
		return d.err
	}
	defer func() { _ = d.wire.Close() }()
	return d.wire.ended()
}
