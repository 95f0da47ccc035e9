// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/transport"
)

// sharing has an endpoint's connections of HTTP/2, which requests share, and the one that is being made. If the
// endpoint chooses the protocol, the first connection tells whether it shares at all.
type sharing struct {
	// conns are the open ones. The list is replaced as a whole, because each request reads it.
	conns atomic.Pointer[[]*sharedConn]
	// declined is set once the endpoint chose HTTP/1.1.
	declined atomic.Bool

	mu   sync.Mutex // guards changes of conns, and the dial
	dial *joinedDial
}

// joinedDial is a connection that is being made for all who wait for one. Requests that come at once do not need one
// each.
type joinedDial struct {
	cancel context.CancelFunc
	done   chan struct{}
	// waiting is how many requests wait. The connection is given up when nobody waits.
	waiting int

	// These are set once done is closed. err is why there is no connection. sole is a connection of HTTP/1.1, if the
	// endpoint chose that, until somebody takes it. conn is one to share.

	err  error
	sole *Conn
	conn *sharedConn
}

// shares says whether the endpoint may have connections that requests share.
func (e *Endpoint) shares() bool { return e.h2c || e.tls != nil }

// mayShare says whether the next connection is likely to be a shared one.
func (e *Endpoint) mayShare() bool { return e.h2c || e.tls != nil && !e.sharing.declined.Load() }

// chose says whether the endpoint chose HTTP/2 on a connection. It remembers that.
func (e *Endpoint) chose(l link) bool {
	if e.tls == nil {
		return e.h2c
	}
	http2 := l.secure.Protocol == transport.ProtocolHTTP2
	e.sharing.declined.Store(!http2)
	return http2
}

// open opens stream on a connection that has room. It returns false if there is none.
func (s *sharing) open(stream *Stream) bool {
	conns := s.conns.Load()
	if conns == nil {
		return false
	}
	// It takes the first one that has room, so that surplus ones grow old and are closed.
	for _, c := range *conns {
		if opened := c.Open(); opened != nil {
			*stream = Stream{ClientStream: opened, conn: c, reused: true}
			return true
		}
	}
	return false
}

// maxUnusable is how many new connections in a row may turn out to be of no use before the request fails.
const maxUnusable = 3

var errUnusable = errors.New("the endpoint takes connections and gives them up at once")

// share waits until a shared connection has room for a stream. If the endpoint chooses HTTP/1.1, it returns a
// connection of that.
func (e *Endpoint) share(ctx context.Context, stream *Stream) (Exchange, error) {
	s := &e.sharing
	for unusable := 0; unusable < maxUnusable; {
		seen := s.conns.Load()
		if s.open(stream) {
			return stream, nil
		}
		d := e.join(seen)
		if d == nil {
			continue
		}
		select {
		case <-d.done:
		case <-ctx.Done():
		}
		sole := s.leave(d, ctx.Err() == context.DeadlineExceeded)
		switch {
		case sole != nil:
			return sole, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case d.err != nil:
			return nil, d.err
		case d.conn == nil:
			return e.dialAlone(ctx, stream)
		case s.open(stream):
			stream.reused = false
			return stream, nil
		case !d.conn.Usable():
			unusable++
		}
	}
	return nil, errUnusable
}

// join begins a connection, unless one is being made already. It returns that dial with one more waiting. It returns
// nil if the connections are others than the seen ones, where the caller found no room: one may have come since.
func (e *Endpoint) join(seen *[]*sharedConn) *joinedDial {
	s := &e.sharing
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dial == nil {
		if s.conns.Load() != seen {
			return nil
		}
		ctx, cancel := context.WithCancel(context.Background())
		s.dial = &joinedDial{cancel: cancel, done: make(chan struct{})}
		go e.run(ctx, s.dial)
	}
	s.dial.waiting++
	return s.dial
}

// leave ends a request's wait for a connection. It returns the connection if that is there and cannot be shared. After
// one request has timed out, later ones start a fresh dial: TCP waits longer before each of its tries, and would
// otherwise keep requests waiting for a host that is back.
func (s *sharing) leave(d *joinedDial, late bool) *Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.waiting--
	if d.waiting == 0 {
		d.cancel()
	}
	if d.waiting == 0 || late {
		s.concludeLocked(d)
	}
	sole := d.sole
	d.sole = nil
	return sole
}

// concludeLocked makes the next request that needs a connection start a fresh dial.
func (s *sharing) concludeLocked(d *joinedDial) {
	if s.dial == d {
		s.dial = nil
	}
}

// run makes a connection for those who joined.
func (e *Endpoint) run(ctx context.Context, d *joinedDial) {
	s := &e.sharing
	var sole *Conn
	defer close(d.done)
	defer func() {
		if fault := recover(); fault != nil {
			e.dialer.logger.Error(fmt.Errorf("%v", fault), "panic while connecting to an endpoint", "endpoint", e.text, "stack", string(debug.Stack()))
			d.err = errPanicked
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.concludeLocked(d)
		if d.waiting == 0 && sole != nil {
			sole.leave()
			return
		}
		d.sole = sole
	}()
	l, err := e.link(ctx, e.tls)
	switch {
	case err != nil:
		d.err = err
	case e.chose(l):
		d.conn = newSharedConn(l, e)
		s.add(d.conn)
	default:
		sole = e.newSole(l)
	}
}

var errPanicked = errors.New("the proxy failed; its log says how")

// add lets requests share a connection, until it ends.
func (s *sharing) add(c *sharedConn) {
	s.change(func(conns []*sharedConn) []*sharedConn { return append(conns, c) })
	c.endpoint.dialer.shared.add(c)
	go c.serve()
}

func (s *sharing) remove(c *sharedConn) {
	c.endpoint.dialer.shared.remove(c)
	s.change(func(conns []*sharedConn) []*sharedConn {
		return slices.DeleteFunc(conns, func(other *sharedConn) bool { return other == c })
	})
}

func (s *sharing) change(change func([]*sharedConn) []*sharedConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	conns := change(slices.Clone(s.list()))
	s.conns.Store(&conns)
}

func (s *sharing) list() []*sharedConn {
	if conns := s.conns.Load(); conns != nil {
		return *conns
	}
	return nil
}

// drain ends connections as soon as the exchanges on them have ended.
func (s *sharing) drain(when func(*sharedConn) bool) {
	for _, c := range s.list() {
		if when(c) {
			c.Drain()
		}
	}
}
