// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"crypto/tls"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// IdleTimeout is how long a connection may rest. It is less than the 60 and 75 seconds after which common servers close
// an idle one.
const IdleTimeout = 55 * time.Second

const (
	// idleShards spreads an endpoint's idle connections, so that requests on several cores seldom meet at one lock.
	idleShards = 8
	// idlePerShard bounds the idle connections that are kept; further ones are closed.
	idlePerShard = 128
)

// Endpoint is an address that answers requests, with the connections to it that rest or are shared. It is used after
// [Endpoint.Init] alone, from any goroutine.
type Endpoint struct {
	address netip.AddrPort
	text    string
	dialer  *Dialer
	// tls is nil where there is none, tlsHTTP1 the same for connections on which nothing but HTTP/1.1 will do.
	tls, tlsHTTP1 *tls.Config
	// h2c is set where HTTP/2 is spoken without TLS.
	h2c bool
	// sharing are the connections of HTTP/2; the others, while they are idle, are in idle.
	sharing sharing
	// retired endpoints take no requests, and keep no connection that has none.
	retired atomic.Bool
	dials   dials
	idle    [idleShards]idleShard
	// private are the connections that rest for one client each.
	private privateConns
}

// Key tells endpoints apart. Namespaces share none: the timeouts and the failures of one must not set aside another's,
// nor use up its connections.
type Key struct {
	Namespace string
	Address   netip.AddrPort
	// TLS is nil where there is none. H2C says that HTTP/2 is spoken there all the same, and goes with no TLS.
	TLS *TLS
	H2C bool
}

// idleShard is a stack: the connection that was used last is used next, so that those in excess grow old and go.
type idleShard struct {
	mu    sync.Mutex
	conns []*Conn
	_     [32]byte // keeps two shards out of one cache line
}

// Init makes e, which was not used before, the endpoint of a key. The dialer makes its connections.
func (e *Endpoint) Init(key Key, d *Dialer) {
	e.address, e.text, e.dialer, e.h2c = key.Address, key.Address.String(), d, key.H2C
	if key.TLS != nil {
		e.tls, e.tlsHTTP1 = key.TLS.forEndpoint()
	}
}

// Address is where the endpoint listens.
func (e *Endpoint) Address() netip.AddrPort { return e.address }

// String is the address as text, which is there already.
func (e *Endpoint) String() string { return e.text }

// Secure says whether the endpoint is spoken to over TLS.
func (e *Endpoint) Secure() bool { return e.tls != nil }

// Take returns what is there for an exchange: the connection that its client is logged in on, a stream of one that has
// room, or one that is idle. It is nil where there is none.
func (e *Endpoint) Take(d Demand) Exchange {
	if c := d.Logins.take(e); c != nil {
		return c
	}
	if e.shares() {
		switch {
		case !d.Sole && e.sharing.open(d.Stream):
			return d.Stream
		case e.h2c:
			return nil
		}
	}
	if c := e.takeIdle(d.Shard); c != nil {
		return c
	}
	return nil
}

// takeIdle returns an idle connection or nil. The shard is where to look first. Each connection is looked at, however
// short its rest was: what the endpoint sent since the last response is no answer to the next request (RFC 9112,
// section 6.3).
func (e *Endpoint) takeIdle(shard uint32) *Conn {
	for i := range uint32(idleShards) {
		s := &e.idle[(shard+i)%idleShards]
		for {
			c := s.pop()
			if c == nil {
				break
			}
			if !c.quiet() {
				_ = c.Close()
				continue
			}
			c.reused = true
			return c
		}
	}
	return nil
}

func (s *idleShard) pop() *Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.conns)
	if n == 0 {
		return nil
	}
	c := s.conns[n-1]
	s.conns[n-1] = nil
	s.conns = s.conns[:n-1]
	return c
}

// give returns a connection that can carry another request.
func (e *Endpoint) give(c *Conn, shard uint32, now time.Duration) {
	c.idleSince, c.suspect = now, c.Response().NoContent
	s := &e.idle[shard%idleShards]
	s.mu.Lock()
	if e.retired.Load() || len(s.conns) >= idlePerShard {
		s.mu.Unlock()
		c.leave()
		return
	}
	s.conns = append(s.conns, c)
	s.mu.Unlock()
}

// Retire closes the idle connections, and those in use as they are given back or their last exchange ends, until
// [Endpoint.Resume]. Connections that are being made are given up, with [ErrRetired].
func (e *Endpoint) Retire() {
	e.retired.Store(true)
	e.dials.cancel()
	e.closeIdle(func(*Conn) bool { return true })
	e.sharing.drain(func(*sharedConn) bool { return true })
}

// Resume has the endpoint keep connections again.
func (e *Endpoint) Resume() { e.retired.Store(false) }

// Expire closes the connections that have rested for longer than [IdleTimeout] at now.
func (e *Endpoint) Expire(now time.Duration) {
	e.closeIdle(func(c *Conn) bool { return now-c.idleSince > IdleTimeout })
	e.sharing.drain(func(c *sharedConn) bool { return c.idleFor(now) > IdleTimeout })
}

func (e *Endpoint) closeIdle(when func(*Conn) bool) {
	e.private.closeIdle(when)
	for i := range e.idle {
		s := &e.idle[i]
		s.mu.Lock()
		kept := s.conns[:0]
		for _, c := range s.conns {
			if when(c) {
				c.leave()
				continue
			}
			kept = append(kept, c)
		}
		clear(s.conns[len(kept):])
		s.conns = kept
		s.mu.Unlock()
	}
}

// Stats are what an endpoint has of connections.
type Stats struct {
	// Idle are those of HTTP/1.1 that rest for whoever comes, Private those that rest for the client that logged in on
	// each.
	Idle, Private int
	// Shared are those of HTTP/2 that are open, Streams the exchanges on them.
	Shared, Streams int
	// Dialling are those that are being made, Dialled all that ever were begun.
	Dialling int
	Dialled  uint64
}

// Stats counts the endpoint's connections. What is in use of HTTP/1.1 is not among them: only its exchange knows it.
func (e *Endpoint) Stats() (s Stats) {
	for i := range e.idle {
		s.Idle += e.idle[i].len()
	}
	s.Private = e.private.len()
	for _, c := range e.sharing.list() {
		s.Shared++
		s.Streams += c.Running()
	}
	s.Dialling, s.Dialled = e.dials.count()
	return s
}

func (s *idleShard) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}
