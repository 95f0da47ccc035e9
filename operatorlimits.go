// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// operatorConnections is how many connections there may be to a port for metrics or probes, and operatorShare how many
	// of these may be of one address.
	operatorConnections = 256
	operatorShare       = 32
)

// peerOf returns what an address is counted under: of IPv6 a /64, which one machine or Pod may have all to itself.
func peerOf(address string) netip.Addr {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return netip.Addr{}
	}
	peer := at.Addr().Unmap().WithZone("")
	if peer.Is6() {
		if prefix, err := peer.Prefix(64); err == nil {
			return prefix.Addr()
		}
	}
	return peer
}

// boundedListener bounds the connections that are open. It refuses none: where there are too many, it closes the one
// that has rested for longest, so that a probe always gets through.
type boundedListener struct {
	net.Listener
	// most is how many connections there may be, and share how many of one address.
	most, share int

	mu sync.Mutex // guards open, and active and since of each connection
	// open are the connections, the oldest first.
	open []*boundedConn
}

// boundedConn is a connection of a boundedListener.
type boundedConn struct {
	net.Conn
	listener *boundedListener
	peer     netip.Addr
	// active is set while a request runs. since is when that last changed.
	active bool
	since  time.Time
}

// bounded returns a listener for a server that bounds its connections.
func bounded(l net.Listener, server *http.Server) *boundedListener {
	b := &boundedListener{Listener: l, most: operatorConnections, share: operatorShare}
	server.ConnState = func(c net.Conn, state http.ConnState) {
		if c, ok := c.(*boundedConn); ok && (state == http.StateActive || state == http.StateIdle) {
			c.is(state == http.StateActive)
		}
	}
	return b
}

// Accept implements net.Listener.
func (b *boundedListener) Accept() (net.Conn, error) {
	accepted, err := b.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &boundedConn{Conn: accepted, listener: b, peer: peerOf(accepted.RemoteAddr().String()), since: time.Now()}
	b.mu.Lock()
	tooMany := b.excess(c.peer)
	b.open = append(b.open, c)
	b.mu.Unlock()
	if tooMany != nil {
		_ = tooMany.Close()
	}
	return c, nil
}

// excess returns the connection that has to give way to a new one of an address, nil if there is a place.
func (b *boundedListener) excess(peer netip.Addr) *boundedConn {
	among := b.open
	own := slices.DeleteFunc(slices.Clone(among), func(c *boundedConn) bool { return c.peer != peer })
	switch {
	case len(own) >= b.share:
		among = own
	case len(among) < b.most:
		return nil
	}
	// A resting one goes before one with a request, and then the one that has been so for longest.
	return slices.MinFunc(among, func(x, y *boundedConn) int {
		if x.active != y.active {
			if y.active {
				return -1
			}
			return 1
		}
		return x.since.Compare(y.since)
	})
}

// is notes whether a request runs.
func (c *boundedConn) is(active bool) {
	c.listener.mu.Lock()
	defer c.listener.mu.Unlock()
	if c.active != active {
		c.active, c.since = active, time.Now()
	}
}

// Close implements net.Conn. It gives the place back.
func (c *boundedConn) Close() error {
	c.listener.mu.Lock()
	c.listener.open = slices.DeleteFunc(c.listener.open, func(other *boundedConn) bool { return other == c })
	c.listener.mu.Unlock()
	return c.Conn.Close()
}

const (
	// turnRest is how many times as long as a turn took its place rests after it, and turnRestLongest the longest that it
	// does so. With scrapesAtOnce places, an address that asks again and again takes three fifths of a processor, if an
	// answer takes no longer than a second.
	turnRest        = 4
	turnRestLongest = 5 * time.Second
)

// turns lets few requests run at once. The others wait, and the next one is of the address that has the fewest running:
// a client with many requests keeps no other one out. After each request its place rests, so that who asks as fast as
// possible leaves the processors to the data plane. An address that has no request running, and no place resting, does
// not wait for that.
type turns struct {
	mu sync.Mutex
	// free is how many more requests may run now. resting is how many places rest, and lent how many of those that are to
	// rest another address uses meanwhile.
	free, resting, lent int
	// running counts the requests of an address that run, and its places that rest.
	running map[netip.Addr]int
	waiting []*turn // the first that came is the first
}

// turn is a request that waits.
type turn struct {
	peer netip.Addr
	// come is closed when it may run.
	come chan struct{}
}

func newTurns(atOnce int) *turns { return &turns{free: atOnce, running: make(map[netip.Addr]int)} }

// handler has requests wait for their turn until their context ends.
func (t *turns) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer := peerOf(r.RemoteAddr)
		if err := t.take(r.Context(), peer); err != nil {
			http.Error(w, fmt.Sprintf("other requests took too long: %v", err), http.StatusServiceUnavailable)
			return
		}
		began := time.Now()
		defer func() {
			t.rest()
			time.AfterFunc(min(turnRest*time.Since(began), turnRestLongest), func() { t.rested(peer) })
		}()
		next.ServeHTTP(w, r)
	})
}

// take waits for a turn. If ctx ends first, it returns why.
func (t *turns) take(ctx context.Context, peer netip.Addr) error {
	t.mu.Lock()
	if t.free > 0 || t.resting > 0 && t.running[peer] == 0 {
		t.begin(peer)
		t.mu.Unlock()
		return nil
	}
	own := &turn{peer, make(chan struct{})}
	t.waiting = append(t.waiting, own)
	t.mu.Unlock()
	select {
	case <-own.come:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	at := slices.Index(t.waiting, own)
	if at >= 0 {
		t.waiting = slices.Delete(t.waiting, at, at+1)
	}
	t.mu.Unlock()
	if at < 0 {
		t.leave(peer) // Its turn came at the same moment.
	}
	return context.Cause(ctx)
}

// begin gives an address a place while t.mu is held: a free one, or else one that rests.
func (t *turns) begin(peer netip.Addr) {
	t.running[peer]++
	if t.free > 0 {
		t.free--
		return
	}
	t.resting--
	t.lent++
}

// rest has a place rest, or lends it to an address that waits and has none.
func (t *turns) rest() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.resting++
	if i := slices.IndexFunc(t.waiting, func(w *turn) bool { return t.running[w.peer] == 0 }); i >= 0 {
		next := t.waiting[i]
		t.waiting = slices.Delete(t.waiting, i, i+1)
		t.begin(next.peer)
		close(next.come)
	}
}

// rested ends the rest of a place that an address had.
func (t *turns) rested(peer netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lent > 0 {
		t.lent-- // Who has it gives it back.
		t.gone(peer)
		return
	}
	t.resting--
	t.end(peer)
}

// leave ends a turn that was not used, and lets the next request run.
func (t *turns) leave(peer netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end(peer)
}

// gone notes that an address has one turn less.
func (t *turns) gone(peer netip.Addr) {
	if t.running[peer]--; t.running[peer] == 0 {
		delete(t.running, peer)
	}
}

// end gives a place back, or to the next request.
func (t *turns) end(peer netip.Addr) {
	t.gone(peer)
	if len(t.waiting) == 0 {
		t.free++
		return
	}
	// MinFunc returns the first of equals.
	next := slices.MinFunc(t.waiting, func(x, y *turn) int { return t.running[x.peer] - t.running[y.peer] })
	t.waiting = slices.DeleteFunc(t.waiting, func(other *turn) bool { return other == next })
	t.running[next.peer]++
	close(next.come)
}
