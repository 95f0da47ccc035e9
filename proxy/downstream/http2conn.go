// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"slices"
	"sync"
	"time"

	"github.com/warren-dev/ingress/proxy/http2"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/transport"
)

// http2Conn is a connection that speaks HTTP/2. One goroutine reads it, or none while it rests.
type http2Conn struct {
	*link
	*http2.ServerConn
	// wanted is set if the connection must not rest before it was read again. The lock of rest guards it.
	wanted bool

	mu      sync.Mutex // guards tunnels
	tunnels []*transport.Tunnel
}

// speakHTTP2 returns what serves the connection to its end. It begins with the bytes that were received already.
func (l *link) speakHTTP2(received []byte) (serve func()) {
	s := l.server
	c := &http2Conn{link: l}
	c.ServerConn = http2.NewServerConn(c.over(), &s.http2, c)
	c.transport.StallAfter(0) // HTTP/2 keeps its own idle time
	c.enter(c)
	return func() { c.serve(func() error { return c.ServerConn.Serve(received) }) }
}

// serve serves the connection, beginning with begin, until it rests or has ended.
func (c *http2Conn) serve(begin func() error) {
	rests := false
	defer func() {
		if fault := recover(); !rests {
			c.contain(fault)
			c.link.leave()
		}
	}()
	var end error
	if rests, end = c.settle(begin()); message.IsFault(end) {
		c.server.config.Logger.V(1).Info("closing a connection", "peer", c.origin.Peer.String(), "cause", end.Error())
	}
}

// CloseIdle implements Conn.
func (c *http2Conn) CloseIdle() { c.Drain() }

// Abort implements Conn.
func (c *http2Conn) Abort() {
	if c.close(true) {
		go c.abandon()
	}
}

// Watch implements Conn. It finds clients that are gone by frames that they do not answer.
func (c *http2Conn) Watch(now time.Duration) (rested bool) { return c.ServerConn.Watch(now) }

// IdleSince implements Conn.
func (c *http2Conn) IdleSince() (since time.Duration, idle bool) { return c.QuietSince() }

// Yield implements Conn.
func (c *http2Conn) Yield(since time.Duration) bool { return c.DrainQuiet(since) }

// SilentSince implements Conn.
func (c *http2Conn) SilentSince() (since time.Duration, silent bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.silentSince()
}

// silentSince is SilentSince while c.mu is held.
func (c *http2Conn) silentSince() (since time.Duration, silent bool) {
	if len(c.tunnels) == 0 || c.Running() > len(c.tunnels) {
		return 0, false
	}
	for _, t := range c.tunnels {
		moved, quiet := t.QuietSince()
		if !quiet {
			return 0, false
		}
		since = max(since, moved)
	}
	return since, true
}

// YieldSilent implements Conn.
func (c *http2Conn) YieldSilent(since time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, silent := c.silentSince(); !silent || now != since {
		return false
	}
	c.Drain()
	for _, t := range c.tunnels {
		_ = t.Close()
	}
	return true
}

// relay relays the bytes of a tunnel until both halves have ended.
func (c *http2Conn) relay(t *transport.Tunnel, fromUpstream []byte) {
	c.mu.Lock()
	c.tunnels = append(c.tunnels, t)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		i := slices.Index(c.tunnels, t)
		c.tunnels = slices.Delete(c.tunnels, i, i+1)
	}()
	t.Run(nil, fromUpstream)
}

// Begin implements http2.Handler.
func (c *http2Conn) Begin(below *http2.Stream) http2.Exchange {
	s := c.server
	one := s.exchanges.Get().(*http2Exchange)
	one.Stream, one.conn, one.started = below, c, s.engine.Clock.Now()
	one.guard.Renew()
	return one
}
