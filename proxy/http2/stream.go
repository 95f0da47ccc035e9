// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// stream is what both sides of a stream have in common: content on its way in, and a head and content on their way out.
type stream struct {
	conn *conn
	id   uint32
	// work is what is done on the stream, or nil.
	work work
	in   content
	out  writer
	// connect is set where the request asks for a tunnel.
	connect bool

	// What follows is guarded by the connection's lock.

	// fullWindow is what the peer may send where nothing of it waits here.
	sendWindow, recvWindow, fullWindow int64

	priority priority
	// fault is the code of a peer's fault that the last frame is followed by.
	fault code
	// err is why nothing more can be sent or received.
	err error
	// tunnel is set once the stream is one.
	tunnel bool
	// held is what the connection's share has for the stream's heads, kept what the connection keeps of its memory for
	// another one.
	held, kept int
}

// work is told when a stream is open no longer. It must not block and must not call the stream.
type work interface{ Abort() }

func (s *stream) init(c *conn) {
	s.conn = c
	s.in.stream, s.out.stream = s, s
	s.in.ready.L, s.out.ready.L = &c.mu, &c.mu
}

// recycle ends all views of the stream and keeps its memory for another.
func (s *stream) recycle() {
	s.in.release()
	s.out.release()
	s.err, s.fault = nil, codeNone
	s.connect, s.tunnel = false, false
	s.conn.unhold(s, s.held)
}

// maxKept bounds the memory of heads that a stream keeps for the next: a rare long one is no reason to hold it.
const maxKept = 4 << 10

// abort ends the work on a stream that is open no longer.
func (s *stream) abort(err error) {
	s.fail(err)
	if s.work != nil {
		s.work.Abort()
	}
}

// fail ends all waits on a stream that is open no longer.
func (s *stream) fail(err error) {
	s.err = err
	s.conn.queue.leave(s)
	s.in.ready.Broadcast()
	s.out.wake()
}

// forget closes a stream. The work on it may go on.
func (c *conn) forget(s *stream, how ending) {
	delete(c.streams, s.id)
	c.closed.add(s.id, how)
}

// reset ends a stream because of a fault of the peer's.
func (c *conn) reset(s *stream, fault code) error {
	c.forget(s, endedByUs)
	s.abort(errStreamReset)
	if err := c.side.faulted(); err != nil {
		return err
	}
	return c.control(func(b []byte) []byte { return appendReset(b, s.id, fault) })
}

// appendReset adds the frame that ends a stream.
func (c *conn) appendReset(stream uint32, why code) {
	c.out.pending = appendReset(c.out.reserve(c, frameHeader+resetLength), stream, why)
}

// failed is why nothing more can be sent or received, or nil. What has no number yet the peer never heard of. That it
// does not speak HTTP/2 is told all the same: another connection to it would not be served either.
func (s *stream) failed() error {
	c := s.conn
	switch {
	case s.id != 0 || s.err != nil:
		return s.err
	case c.err == errForeign:
		return c.err
	case c.err != nil || c.out.err != nil || c.departure == left:
		return message.ErrUnprocessed
	}
	return nil
}

// expire ends the waits of a stream that take too long. It says whether one was for something of the peer's.
func (s *stream) expire(now time.Duration) (late bool) {
	if s.conn.recvWindow <= 0 {
		s.in.since = now // the peer may not send: it is content of other streams that has to be read first
	}
	if d := s.in.patience; s.in.waiting && d > 0 && now-s.in.since >= d {
		late, s.in.late = true, true
		s.in.ready.Broadcast()
	}
	since := s.out.since
	if s.out.queued {
		since = max(since, s.conn.out.moved) // it is not the peer that holds it up, but those before it
	}
	if d := s.out.patience; s.out.waiting && d > 0 && now-since >= d {
		s.out.stalled = true
		s.conn.queue.leave(s)
		s.out.wake()
	}
	return late
}
