// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"crypto/tls"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/upstream/tlsterms"
)

// IdleTimeout is how long a connection may rest. Common servers close an idle one after 60 or 75 seconds.
const IdleTimeout = 55 * time.Second

const (
	// idleShards is how many shards an endpoint's idle connections are spread over, so that requests on several cores
	// seldom meet at one lock.
	idleShards = 8
	// idlePerShard bounds the idle connections of a shard. Further ones are closed.
	idlePerShard = 128
)

// Endpoint is an address that answers requests, with its idle and its shared connections. [Endpoint.Init] comes first.
// After that, any goroutine may use it.
type Endpoint struct {
	address netip.AddrPort
	text    string
	dialer  *Dialer
	// tls is nil without TLS. tlsHTTP1 is the same for connections that have to speak HTTP/1.1.
	tls, tlsHTTP1 *tls.Config
	// h2c is set if HTTP/2 is spoken without TLS.
	h2c bool
	// sharing has the connections of HTTP/2. The idle ones of HTTP/1.1 are in idle.
	sharing sharing
	// retired endpoints take no requests. They keep no connection without an exchange.
	retired atomic.Bool
	dials   dials
	idle    [idleShards]idleShard
	// hasty counts down from hastyExchanges since the endpoint last ended a connection soon after a response that did not
	// say so.
	hasty atomic.Int32
	// private are the connections that rest for one client each.
	private privateConns
	// names has the parts of the endpoint, if the server name follows the request. It is nil otherwise.
	names *names
	// part is set if the endpoint is such a part itself.
	part *part
}

// Key tells endpoints apart. Namespaces do not share endpoints: one namespace's timeouts and failures must not set
// aside another's endpoint, nor use up its connections.
type Key struct {
	Namespace string
	Address   netip.AddrPort
	// TLS is nil without TLS. H2C says that HTTP/2 is spoken without TLS. It does not go with TLS.
	TLS *tlsterms.TLS
	H2C bool
}

// idleShard is a stack. The connection that was used last is used next, so that surplus ones grow old and are closed.
type idleShard struct {
	mu    sync.Mutex
	conns []*Conn
	_     [32]byte // keeps two shards out of one cache line
}

// Init makes e, which was not used before, the endpoint of a key. The dialer makes its connections.
func (e *Endpoint) Init(key Key, d *Dialer) {
	e.address, e.text, e.dialer, e.h2c = key.Address, key.Address.String(), d, key.H2C
	if key.TLS != nil {
		e.tls, e.tlsHTTP1 = key.TLS.ForEndpoint("")
		if key.TLS.FollowsRequest() {
			e.names = newNames(e, key.TLS)
		}
	}
}

// Address is where the endpoint listens.
func (e *Endpoint) Address() netip.AddrPort { return e.address }

// String returns the address as text, which was made beforehand.
func (e *Endpoint) String() string { return e.text }

// Retired says whether the endpoint takes no requests.
func (e *Endpoint) Retired() bool { return e.retired.Load() }

// Secure says whether the connections go over TLS.
func (e *Endpoint) Secure() bool { return e.tls != nil }

// Take returns what an exchange can run over without a new connection: the one that its client is logged in on, a
// stream of a shared one that has room, or an idle one. It returns nil if there is none.
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
	if c := e.takeIdle(d); c != nil {
		return c
	}
	return nil
}

// takeIdle returns an idle connection or nil. It looks into the given shard first. It looks at each connection, however
// short its rest was: what the endpoint sent since the last response is no answer to the next request (RFC 9112,
// section 6.3).
func (e *Endpoint) takeIdle(d Demand) *Conn {
	for i := range uint32(idleShards) {
		s := &e.idle[(d.Shard+i)%idleShards]
		for {
			var c *Conn
			if d.Once && e.hasty.Load() > 0 {
				c = s.popRested(d.Now)
			} else {
				c = s.pop()
			}
			if c == nil {
				break
			}
			if e.reuse(c, d.Now) {
				return c
			}
		}
	}
	if d.Limited {
		return e.takeOfAll(d)
	}
	return nil
}

// takeOfAll returns an idle connection or nil, and so does not let the endpoint have one more than the limit. It looks
// at all shards at one moment: a look at one after the other misses what is given to a shard meanwhile that was looked
// at. If connections rest, but none for long enough, the one to be made takes the place of one of them.
func (e *Endpoint) takeOfAll(d Demand) *Conn {
	for {
		c := e.popOfAll(d.Shard)
		switch {
		case c == nil:
			return nil
		case d.Once && e.hasty.Load() > 0 && d.Now-c.idleSince < haste:
			e.part.tookIdle()
			c.leave()
			return nil
		case e.reuse(c, d.Now):
			return c
		}
	}
}

// popOfAll takes a connection of any shard.
func (e *Endpoint) popOfAll(first uint32) (c *Conn) {
	for i := range e.idle {
		e.idle[i].mu.Lock()
	}
	for i := range uint32(idleShards) {
		if c = e.idle[(first+i)%idleShards].popLocked(); c != nil {
			break
		}
	}
	for i := range e.idle {
		e.idle[i].mu.Unlock()
	}
	return c
}

// reuse readies a connection that rested for another exchange. It returns false if that cannot be.
func (e *Endpoint) reuse(c *Conn, now time.Duration) bool {
	e.part.tookIdle()
	if !c.quiet() {
		c.NoteEnd(now)
		_ = c.Close()
		return false
	}
	c.reused = true
	return true
}

const (
	// haste is within which time after a response some servers end a connection that they said they would keep: they run a
	// program for each request, and the end of that is the connection's. A request that is sent meanwhile is lost.
	haste = time.Second
	// hastyExchanges is how many exchanges on connections that were used again show that the endpoint keeps them.
	hastyExchanges = 64
)

// NoteEnd notes that the endpoint ended the connection, or disturbed it, before it answered what it was used again for.
func (c *Conn) NoteEnd(now time.Duration) {
	if now-c.idleSince < haste {
		c.endpoint.hasty.Store(hastyExchanges)
	}
}

// popRested returns the connection that has rested longest, if that is long enough.
func (s *idleShard) popRested(now time.Duration) *Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) == 0 || now-s.conns[0].idleSince < haste {
		return nil
	}
	c := s.conns[0]
	s.conns = slices.Delete(s.conns, 0, 1)
	return c
}

func (s *idleShard) pop() *Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.popLocked()
}

func (s *idleShard) popLocked() *Conn {
	n := len(s.conns)
	if n == 0 {
		return nil
	}
	c := s.conns[n-1]
	s.conns[n-1] = nil
	s.conns = s.conns[:n-1]
	return c
}

// give takes back a connection that can carry another request.
func (e *Endpoint) give(c *Conn, shard uint32, now time.Duration) {
	c.idleSince, c.suspect = now, c.Response().NoContent
	if c.reused && e.hasty.Load() > 0 {
		e.hasty.Add(-1)
	}
	if !e.part.mayRest() {
		c.leave()
		return
	}
	s := &e.idle[shard%idleShards]
	s.mu.Lock()
	if e.retired.Load() || len(s.conns) >= idlePerShard {
		s.mu.Unlock()
		e.part.tookIdle()
		c.leave()
		return
	}
	s.conns = append(s.conns, c)
	s.mu.Unlock()
}

// Retire closes the idle connections. It closes those in use when they are given back, or when their last exchange
// ends, until [Endpoint.Resume]. It gives up connections that are being made, with [ErrRetired].
func (e *Endpoint) Retire() {
	e.retired.Store(true)
	e.dials.cancel()
	e.closeIdle(func(*Conn) bool { return true })
	e.sharing.drain(func(*sharedConn) bool { return true })
	e.names.retire()
}

// Resume has the endpoint keep connections again.
func (e *Endpoint) Resume() {
	if e.retired.Swap(false) {
		e.names.resume()
	}
}

// Expire closes the connections that have rested for longer than [IdleTimeout] at now.
func (e *Endpoint) Expire(now time.Duration) {
	e.closeIdle(func(c *Conn) bool { return now-c.idleSince > IdleTimeout })
	e.sharing.drain(func(c *sharedConn) bool { return c.idleFor(now) > IdleTimeout })
	e.names.expire(now)
}

func (e *Endpoint) closeIdle(when func(*Conn) bool) {
	e.private.closeIdle(when)
	for i := range e.idle {
		s := &e.idle[i]
		s.mu.Lock()
		kept := s.conns[:0]
		for _, c := range s.conns {
			if when(c) {
				e.part.tookIdle()
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

// Stats counts an endpoint's connections.
type Stats struct {
	// Idle counts those of HTTP/1.1 that rest for any client. Private counts those that rest for the client that logged in
	// on them.
	Idle, Private int
	// Shared counts the open ones of HTTP/2. Streams counts the exchanges on them.
	Shared, Streams int
	// Dialling counts those that are being made. Dialled counts all that were ever begun.
	Dialling int
	Dialled  uint64
}

// Stats counts the endpoint's connections, those of its parts included. It leaves out those of HTTP/1.1 that are in
// use: only their exchanges know them.
func (e *Endpoint) Stats() (s Stats) {
	for _, part := range e.names.list() {
		s.add(part.Stats())
	}
	s.add(e.ownStats())
	return s
}

func (s *Stats) add(o Stats) {
	s.Idle += o.Idle
	s.Private += o.Private
	s.Shared += o.Shared
	s.Streams += o.Streams
	s.Dialling += o.Dialling
	s.Dialled += o.Dialled
}

func (e *Endpoint) ownStats() (s Stats) {
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
