// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"io"
	"net"
	"testing"
	"time"
)

// The number of idle connections is bounded, however many were needed at once.
func TestIdleConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	l := listen(t)
	e := testEndpoint(Key{Address: l.Addr().(*net.TCPAddr).AddrPort()})
	const given = idlePerShard + 5
	var conns []net.Conn
	for range given {
		taken, err := e.Dial(t.Context(), Demand{Timeout: patience})
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		e.give(taken.Sole(), 0, 0)
	}
	if n := e.Stats().Idle; n != idlePerShard {
		t.Errorf("%d connections rest, want %d", n, idlePerShard)
	}
	for _, c := range conns[idlePerShard:] {
		expectEnd(t, c)
	}
	e.Retire()
	for _, c := range conns[:idlePerShard] {
		expectEnd(t, c)
	}
}

// Some servers end a connection soon after a response that did not say so. A request that must not be sent twice would
// be lost on it.
func TestRequestThatMustNotBeSentTwiceAvoidsConnectionsThatMayEnd(t *testing.T) {
	t.Parallel()
	l := listen(t)
	e := testEndpoint(Key{Address: l.Addr().(*net.TCPAddr).AddrPort()})
	dial := func() (*Conn, net.Conn) {
		taken, err := e.Dial(t.Context(), Demand{Timeout: patience})
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return taken.Sole(), c
	}
	end := func(c *Conn, peer net.Conn) {
		if err := peer.Close(); err != nil {
			t.Fatal(err)
		}
		await(t, "the end of a connection", func() bool { return !c.quiet() })
	}
	take := func(once bool, now time.Duration) *Conn { return e.takeIdle(Demand{Once: once, Now: now}) }

	kept, _ := dial()
	e.give(kept, 0, 0)
	if c := take(true, time.Millisecond); c != kept {
		t.Errorf("got %p, want the connection of a server that keeps them", c)
	}
	ended, peer := dial()
	e.give(ended, 0, 0)
	end(ended, peer)
	if c := take(false, haste); c != nil {
		t.Errorf("got %p, want nothing of a connection that has ended", c)
	}
	e.give(kept, 0, haste)
	if c := take(true, haste); c != kept {
		t.Errorf("got %p, want a connection: the server kept the other one for a while", c)
	}

	const now = time.Minute
	ended, peer = dial()
	e.give(kept, 0, now)
	e.give(ended, 0, now)
	end(ended, peer)
	if c := take(false, now+haste/2); c != kept {
		t.Errorf("got %p, want what is left for a request that can be sent again", c)
	}
	e.give(kept, 0, now)
	if c := take(true, now+haste/2); c != nil {
		t.Errorf("got %p, want no connection that may be about to end", c)
	}
	if c := take(true, now+haste); c != kept {
		t.Errorf("got %p, want the connection that the server has kept for long enough", c)
	}
	for range hastyExchanges {
		e.give(kept, 0, now)
		if c := take(false, now); c != kept {
			t.Fatalf("got %p, want the connection", c)
		}
	}
	e.give(kept, 0, now)
	if c := take(true, now); c != kept {
		t.Errorf("got %p, want a connection of a server that keeps them again", c)
	}
	e.Retire()
}

// A connection may be given to a shard that another request has just looked at. If connections are limited, that
// request must not make one more.
func TestLimitedConnectionsAreFoundWhereverTheyRest(t *testing.T) {
	t.Parallel()
	l := listen(t)
	e := testEndpoint(Key{Address: l.Addr().(*net.TCPAddr).AddrPort()})
	dial := func() (*Conn, net.Conn) {
		taken, err := e.Dial(t.Context(), Demand{Timeout: patience})
		if err != nil {
			t.Fatal(err)
		}
		peer, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = peer.Close() })
		return taken.Sole(), peer
	}
	sound, _ := dial()
	broken, peer := dial()
	if _, err := peer.Write([]byte("nobody asked")); err != nil {
		t.Fatal(err)
	}
	await(t, "the arrival of what nobody asked for", func() bool { return !broken.quiet() })
	e.give(broken, 1, 0)

	e.idle[2].mu.Lock() // nobody gets beyond shard 1
	got := make(chan *Conn)
	go func() { got <- e.takeIdle(Demand{Limited: true}) }()
	_, _ = io.Copy(io.Discard, peer) // until it is closed, by who has looked at shard 0
	e.give(sound, 0, 0)
	e.idle[2].mu.Unlock()
	if c := receive(t, "a look for a connection", got); c != sound {
		t.Errorf("got %p, want the connection that was given to a shard behind", c)
	}

	e.hasty.Store(hastyExchanges)
	e.give(sound, 5, 0)
	if c := e.takeIdle(Demand{Limited: true, Once: true, Now: haste / 2}); c != nil {
		t.Errorf("got %p, want no connection that may be about to end", c)
	}
	if n := e.Stats().Idle; n != 0 {
		t.Errorf("%d connections rest beside the one that is to be made, want none", n)
	}
	e.Retire()
}
