// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/http2"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/transport"
)

// sharedConn is a connection of HTTP/2 to an endpoint. Each exchange has a stream of it.
type sharedConn struct {
	*http2.ClientConn
	link
	endpoint *Endpoint
	// used is when the last exchange ended, by the proxy's clock.
	used atomic.Int64
}

func newSharedConn(l link, e *Endpoint) *sharedConn {
	c := &sharedConn{link: l, endpoint: e}
	c.used.Store(int64(e.dialer.clock.Now()))
	l.transport.StallWritesAfter(sharedWriteStall)
	t := transport.NewParked(l.stream(), l.transport, e.dialer.http1.Buffers)
	c.ClientConn = http2.NewClientConn(t, &e.dialer.http2, l.secure != nil)
	return c
}

// sharedWriteStall bounds how long an endpoint may take nothing at all from a connection. How long one exchange may
// wait for it is the rule's to say.
const sharedWriteStall = 30 * time.Second

// serve reads the connection to its end. It runs in the connection's own goroutine.
func (c *sharedConn) serve() {
	defer func() {
		fault := recover()
		c.endpoint.sharing.remove(c)
		if fault == nil {
			return
		}
		c.endpoint.dialer.logger.Error(fmt.Errorf("%v", fault), "panic while serving a connection", "endpoint", c.endpoint.text, "stack", string(debug.Stack()))
		_ = c.link.Close()
		_ = c.ClientConn.Close() // nobody else would end the waits of its exchanges
	}()
	// The endpoint may have retired just before it knew the connection.
	if c.endpoint.retired.Load() {
		c.Drain()
	}
	if err := c.Serve(); message.IsFault(err) {
		c.endpoint.dialer.logger.V(1).Info("closing a connection", "endpoint", c.endpoint.text, "cause", err.Error())
	}
}

// Close closes the connection at once, with all exchanges on it.
func (c *sharedConn) Close() error { return c.link.Close() }

// idleFor returns how long there has been no exchange. It returns 0 while there is one.
func (c *sharedConn) idleFor(now time.Duration) time.Duration {
	if c.Running() > 0 {
		return 0
	}
	return now - time.Duration(c.used.Load())
}

// Stream is an exchange's stream of a shared connection. It is part of the exchange.
type Stream struct {
	*http2.ClientStream
	conn   *sharedConn
	reused bool
}

// Response implements [Exchange].
func (s *Stream) Response() *message.Response { return &s.ClientStream.Response }

// BoundWait implements [Exchange].
func (s *Stream) BoundWait(d time.Duration) { s.StallAfter(d) }

// Reused implements [Exchange].
func (s *Stream) Reused() bool { return s.reused }

// Sole implements [Exchange].
func (s *Stream) Sole() *Conn { return nil }

// Answering implements [Exchange]. A head arrives as a whole.
func (s *Stream) Answering() bool { return false }

// EndExchange implements [Exchange].
func (s *Stream) EndExchange(_ bool, _ uint32, now time.Duration) {
	s.conn.used.Store(int64(now))
	s.ClientStream.EndExchange()
	*s = Stream{}
}

// sharedConns has the shared connections to all endpoints, for [Dialer.Watch].
type sharedConns struct {
	mu    sync.Mutex
	conns map[*sharedConn]struct{}
}

func (s *sharedConns) add(c *sharedConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		s.conns = make(map[*sharedConn]struct{})
	}
	s.conns[c] = struct{}{}
}

func (s *sharedConns) remove(c *sharedConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// watch does for the connections what no exchange can do.
func (s *sharedConns) watch(now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Watch(now)
	}
}
