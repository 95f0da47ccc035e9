// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// stream is what both sides of a stream have in common: content that comes in, and a head and content that go out.
type stream struct {
	conn *conn
	id   uint32
	// work is the work on the stream, or nil.
	work work
	in   content
	out  writer
	// connect is set if the request asks for a tunnel.
	connect bool

	// The connection's lock guards the following fields.

	// fullWindow is how much the peer may send while nothing of it waits here.
	sendWindow, recvWindow, fullWindow int64

	priority priority
	// fault is the code of a fault of the peer. The stream is reset with it after the response.
	fault code
	// err is why nothing more can be sent or received.
	err error
	// tunnel is set once the stream is a tunnel.
	tunnel bool
	pace   pace
	// held is how many bytes the connection's share counts for the stream's heads. kept is how much of its memory is kept
	// for another stream.
	held, kept int
}

// work is told when its stream is not open any more. Abort must neither block nor call the stream.
type work interface{ Abort() }

func (s *stream) init(c *conn) {
	s.conn = c
	s.in.stream, s.out.stream = s, s
	s.in.ready.L, s.out.ready.L = &c.mu, &c.mu
}

// recycle ends all views of the stream, and keeps its memory for another.
func (s *stream) recycle() {
	s.in.release()
	s.out.release()
	s.err, s.fault = nil, codeNone
	s.connect, s.tunnel = false, false
	s.conn.unhold(s, s.held)
}

// maxKept bounds how much memory of heads a stream keeps for the next. A rare long head is no reason to keep more.
const maxKept = 4 << 10

// abort ends the work on a stream that is not open any more.
func (s *stream) abort(err error) {
	s.fail(err)
	if s.work != nil {
		s.work.Abort()
	}
}

// fail ends all waits on a stream that is not open any more.
func (s *stream) fail(err error) {
	s.err = err
	s.conn.queue.leave(s)
	s.in.ready.Broadcast()
	s.out.wake()
}

// open makes a stream one of the open ones.
func (c *conn) open(s *stream) {
	if c.streams == nil {
		c.streams = make(map[uint32]*stream)
	}
	c.streams[s.id] = s
}

// forget closes a stream. The work on it may go on.
func (c *conn) forget(s *stream, how ending) {
	delete(c.streams, s.id)
	c.rememberClosed(s.id, how)
}

// reset ends a stream because of a fault of the peer.
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

// failed returns why nothing more can be sent or received, or nil. The peer has never heard of a stream that has no
// number yet, so such a request counts as unprocessed. The exception is a peer that does not speak HTTP/2: another
// connection to it would not be served either.
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

// expire ends the waits of a stream that take too long. It returns whether one of them was a wait for the peer to send.
func (s *stream) expire(now time.Duration) (late bool) {
	if s.conn.recvWindow <= 0 {
		s.in.since = now // The peer may not send: content of other streams has to be read first.
	}
	if d := s.in.patience; s.in.waiting && d > 0 && now-s.in.since >= d {
		late, s.in.late = true, true
		s.in.ready.Broadcast()
	}
	since := s.out.since
	if s.out.queued {
		since = max(since, s.conn.out.moved) // The streams before it hold it up, not the peer.
	}
	if d := s.out.patience; s.out.waiting && d > 0 && now-since >= d {
		s.conn.stall(s)
	}
	return late
}
