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

// sharing is an endpoint's connections of HTTP/2, which requests share, and the one that is being made. Where the
// endpoint chooses what it speaks, it is known after the first one whether it shares at all.
type sharing struct {
	// conns are those that are open, replaced as a whole: each request reads them.
	conns atomic.Pointer[[]*sharedConn]
	// declined is set once the endpoint chose HTTP/1.1.
	declined atomic.Bool

	mu   sync.Mutex // guards changes of conns, and the dial
	dial *joinedDial
}

// joinedDial is a connection that is being made for all who wait for one: requests that come at once have no use for
// one each.
type joinedDial struct {
	cancel context.CancelFunc
	done   chan struct{}
	// waiting is how many wait. Without any, it is given up.
	waiting int

	// Once done is closed: why there is no connection, or the one that the endpoint chose to speak HTTP/1.1 on, until
	// somebody takes it; conn is one to share.

	err  error
	sole *Conn
	conn *sharedConn
}

// shares says whether a request may find a connection that others use too.
func (e *Endpoint) shares() bool { return e.h2c || e.tls != nil }

// mayShare says whether the next connection is likely to be one.
func (e *Endpoint) mayShare() bool { return e.h2c || e.tls != nil && !e.sharing.declined.Load() }

// chose says whether the endpoint chose HTTP/2 on a connection, and remembers that.
func (e *Endpoint) chose(l link) bool {
	if e.tls == nil {
		return e.h2c
	}
	http2 := l.secure.Protocol == transport.ProtocolHTTP2
	e.sharing.declined.Store(!http2)
	return http2
}

// open makes stream one of a connection that has room for it, if there is such a one.
func (s *sharing) open(stream *Stream) bool {
	conns := s.conns.Load()
	if conns == nil {
		return false
	}
	// The first one that has room: those in excess grow old and go.
	for _, c := range *conns {
		if opened := c.Open(); opened != nil {
			*stream = Stream{ClientStream: opened, conn: c, reused: true}
			return true
		}
	}
	return false
}

// maxUnusable is how many connections in a row may be of no use as soon as they were made, until a request is told so.
const maxUnusable = 3

var errUnusable = errors.New("the endpoint takes connections and gives them up at once")

// share waits until a connection has room for one more stream, or for one of HTTP/1.1 where the endpoint chooses that.
func (e *Endpoint) share(ctx context.Context, stream *Stream) (Exchange, error) {
	s := &e.sharing
	for unusable := 0; unusable < maxUnusable; {
		if s.open(stream) {
			return stream, nil
		}
		d := e.join()
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

// join waits for the connection that is being made, which begins if there is none.
func (e *Endpoint) join() *joinedDial {
	s := &e.sharing
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dial == nil {
		ctx, cancel := context.WithCancel(context.Background())
		s.dial = &joinedDial{cancel: cancel, done: make(chan struct{})}
		go e.run(ctx, s.dial)
	}
	s.dial.waiting++
	return s.dial
}

// leave ends the wait for a connection, and takes it if it is there and not to be shared. After one waiter has timed
// out, later requests start a fresh dial: TCP waits longer before each of its tries, and would otherwise keep requests
// waiting for a host that is back.
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

// concludeLocked has the next one who needs a connection begin anew.
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

// add has requests share a connection, until it ends.
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
