// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"crypto/tls"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/http2"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/transport"
)

// transportConfig is what all connections to endpoints have in common.
type transportConfig struct {
	clock  transport.Clock
	logger logr.Logger
	http1  http1.ClientConfig
	http2  http2.Config
	heads  *headmemory.Memory
	shared sharedConns
}

const (
	// idleShards spreads an endpoint's idle connections, so that requests on several cores seldom meet at one lock.
	idleShards = 8
	// idlePerShard bounds the idle connections that are kept; further ones are closed.
	idlePerShard = 128
	// upstreamIdleTimeout is less than the 60 and 75 seconds after which common servers close an idle connection.
	upstreamIdleTimeout = 55 * time.Second
)

// endpoint is an address that answers requests, with the connections to it that nobody is using.
type endpoint struct {
	address netip.AddrPort
	text    string
	config  *transportConfig
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

// endpointKey tells endpoints apart; security is nil where there is no TLS, and then h2c says that HTTP/2 is spoken.
// Namespaces share no endpoint: the timeouts and the failures of one must not set aside another's, nor use up its
// connections.
type endpointKey struct {
	namespace string
	address   netip.AddrPort
	security  *upstreamTLS
	h2c       bool
}

// idleShard is a stack: the connection that was used last is used next, so that those in excess grow old and go.
type idleShard struct {
	mu    sync.Mutex
	conns []*upstreamConn
	_     [32]byte // keeps two shards out of one cache line
}

// upstreamConn is a connection of HTTP/1.1 to an endpoint. Only the exchange that took it uses it.
type upstreamConn struct {
	*http1.ClientConn
	link
	endpoint  *endpoint
	reused    bool
	idleSince time.Duration
	// private is set once somebody may have logged in on the connection, logins is where it then rests, or nil if nowhere.
	private bool
	logins  *logins
	// suspect is set after a response that must not have content: a server that sends it all the same, to a HEAD for one,
	// sends it after the response was complete.
	suspect bool
	// heads is what the connection holds of heads of responses.
	heads headmemory.Share
}

// Overdraw implements [http2.Holder].
func (c *upstreamConn) Overdraw() { _ = c.Close() }

// Response implements upstream.
func (c *upstreamConn) Response() *message.Response { return &c.ClientConn.Response }

// StallAfter implements upstream.
func (c *upstreamConn) StallAfter(d time.Duration) { c.transport.StallAfter(d) }

// BoundWait implements upstream.
func (c *upstreamConn) BoundWait(d time.Duration) { c.transport.BoundWait(d) }

// StallWritesAfter implements upstream.
func (c *upstreamConn) StallWritesAfter(d time.Duration) { c.transport.StallWritesAfter(d) }

// Reused implements upstream.
func (c *upstreamConn) Reused() bool { return c.reused }

// Sole implements upstream.
func (c *upstreamConn) Sole() *upstreamConn { return c }

// Answering implements upstream.
func (c *upstreamConn) Answering() bool { return c.Content().Buffered() }

// Close closes the connection at once, from anywhere.
func (c *upstreamConn) Close() error { return c.link.Close() }

// socket is the connection below, or nil where content cannot go straight to it and come straight from it, as where
// there is no c.
func (c *upstreamConn) socket() *transport.TCP {
	if c == nil || c.secure != nil {
		return nil
	}
	return c.transport
}

// leaveHTTP ends HTTP on the connection, for a tunnel, and returns what was received behind its last response. Over
// TLS, a record has to arrive within the time once it began.
func (c *upstreamConn) leaveHTTP(record time.Duration) (received []byte) {
	if c.secure != nil {
		c.secure.BoundRecords(record)
	}
	received = bytes.Clone(c.Detach())
	c.ClientConn.EndExchange(false) // its buffers are of no more use
	return received
}

// EndExchange implements upstream. A connection that can carry no other exchange is closed.
func (c *upstreamConn) EndExchange(requestSent bool, shard uint32, now time.Duration) {
	switch {
	case !c.ClientConn.EndExchange(requestSent):
		_ = c.Close()
	case misread(c.Response().Status):
		c.leave()
	case c.private:
		c.keep(now)
	default:
		c.endpoint.give(c, shard, now)
	}
}

// misread says whether a status is that of a server which may not have understood where the request ended. What it
// makes of the next one on the connection, nobody knows, whatever it says of the connection.
func misread(status int) bool {
	switch status {
	case 400, 408, 413, 414, 431, 501, 505:
		return true
	}
	return false
}

func (e *endpoint) init(key endpointKey, config *transportConfig) {
	e.address, e.text, e.config, e.h2c = key.address, key.address.String(), config, key.h2c
	if key.security != nil {
		e.tls, e.tlsHTTP1 = key.security.forEndpoint()
	}
}

// take returns an idle connection or nil. The shard is where to look first. Each connection is looked at, however short
// its rest was: what the endpoint sent since the last response is no answer to the next request (RFC 9112, section
// 6.3).
func (e *endpoint) take(shard uint32) *upstreamConn {
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

func (s *idleShard) pop() *upstreamConn {
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
func (e *endpoint) give(c *upstreamConn, shard uint32, now time.Duration) {
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

// retire closes the idle connections, and those in use as they are given back or their last exchange ends, until
// resume. Connections that are being made are given up.
func (e *endpoint) retire() {
	e.retired.Store(true)
	e.dials.cancel()
	e.closeIdle(func(*upstreamConn) bool { return true })
	e.sharing.drain(func(*sharedConn) bool { return true })
}

func (e *endpoint) resume() { e.retired.Store(false) }

// expire closes the connections that have been idle for too long.
func (e *endpoint) expire(now time.Duration) {
	e.closeIdle(func(c *upstreamConn) bool { return now-c.idleSince > upstreamIdleTimeout })
	e.sharing.drain(func(c *sharedConn) bool { return c.idleFor(now) > upstreamIdleTimeout })
}

func (e *endpoint) closeIdle(when func(*upstreamConn) bool) {
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
