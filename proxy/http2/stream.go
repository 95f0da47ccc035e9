package http2

import (
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// Stream is one request and its response. Between Serve's beginning and its end, reading the content and writing the response may
// be done by two goroutines; nothing else may. It is used again after that.
type Stream struct {
	conn     *ServerConn
	id       uint32
	exchange Exchange
	// Request is the request's head. Whoever serves it may take it and leave another one, whose memory is used next.
	Request message.Request
	refused *message.Error
	arena   []byte
	in      content
	out     response

	// What follows is guarded by the connection's lock.

	sendWindow, recvWindow int64
	priority               priority
	// fault is the code of a client's fault that the response is followed by.
	fault code
	// err is why nothing more can be sent or received.
	err error
}

// newStream returns a stream that nobody knows of yet.
func (c *ServerConn) newStream(id uint32) *Stream {
	var s *Stream
	if n := len(c.free); n > 0 {
		s = c.free[n-1]
		c.free = c.free[:n-1]
	} else {
		s = &Stream{conn: c}
		s.in.stream, s.out.stream = s, s
		s.in.ready.L, s.out.ready.L = &c.mu, &c.mu
	}
	s.id = id
	s.sendWindow, s.recvWindow = c.initialWindow, streamWindow
	return s
}

// recycle ends all views of the stream's request and keeps its memory for the next.
func (c *ServerConn) recycle(s *Stream) {
	const keep = 4 << 10 // a rare long head is no reason to hold its memory
	s.in.release()
	s.out.release()
	if cap(s.arena) > keep {
		s.arena = nil
	}
	if cap(s.out.block) > keep {
		s.out.block = nil
	}
	s.Request.Reset()
	s.refused, s.err, s.fault = nil, nil, codeNone
	c.free = append(c.free, s)
}

// Refused is why the request cannot be served, or nil.
func (s *Stream) Refused() *message.Error { return s.refused }

// Content reads the request's content.
func (s *Stream) Content() message.Reader { return &s.in }

// AwaitContent does nothing: every wait for content is bounded.
func (s *Stream) AwaitContent() {}

// SkipContent drops the content that is there and says whether that was all.
func (s *Stream) SkipContent() bool { return s.in.skip() }

// Response is where the response's content goes.
func (s *Stream) Response() message.Writer { return &s.out }

// Started says whether a part of the final response was sent, or is about to be.
func (s *Stream) Started() bool { return s.out.started }

// CloseAfter does nothing: no exchange is in the way of those that follow it.
func (s *Stream) CloseAfter() {}

// StopContent makes a Read of the content that waits, and all later ones, fail.
func (s *Stream) StopContent() { s.in.stop(true) }

// ResumeContent ends that.
func (s *Stream) ResumeContent() { s.in.stop(false) }

// abort ends the work on a stream that is open no longer.
func (s *Stream) abort(err error) {
	s.err = err
	s.conn.queue.leave(s)
	s.in.ready.Broadcast()
	s.out.wake()
	if s.exchange != nil {
		s.exchange.Abort()
	}
}

// forget closes a stream. The work on it may go on.
func (c *ServerConn) forget(s *Stream, how ending) {
	delete(c.streams, s.id)
	c.closed.add(s.id, how)
}

// reset ends a stream because of a fault of the client's, and the connection where there were too many: what was begun for a
// stream costs as much when it is we who were made to reset it.
func (c *ServerConn) reset(s *Stream, fault code) error {
	c.forget(s, endedByUs)
	s.abort(errStreamReset)
	if !c.resets.spend(1, c.config.Now()) {
		return errResetsMany
	}
	return c.control(func(b []byte) []byte { return appendReset(b, s.id, fault) })
}

// malformed ends a stream whose content is not what its head said. Where no response has begun the client is told why first:
// the content fails whoever reads it.
func (c *ServerConn) malformed(s *Stream) error {
	if s.out.started {
		return c.reset(s, codeProtocol)
	}
	s.fault = codeProtocol
	return nil
}

// finish ends the stream, or what is left of it, once nobody works on it any more.
func (c *ServerConn) finish(s *Stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	exchange := s.exchange
	s.exchange = nil // from here on nobody aborts it
	exchange.Release()
	if c.streams[s.id] == s {
		c.close(s)
	}
	c.recycle(s)
	if c.running--; c.running == 0 {
		c.quietSince = c.config.Now()
		if c.departure == departed {
			c.transport.StopReading()
		}
	}
	c.flush(true)
}

// close closes a stream that is open still.
func (c *ServerConn) close(s *Stream) {
	reset := codeNone
	switch {
	case s.fault != codeNone:
		reset = s.fault
		c.resets.spend(1, c.config.Now())
	case !s.out.ended:
		reset = codeInternal // the response broke off
		if s.out.stalled {
			reset = codeCancel
		}
	case s.in.closed:
		c.forget(s, endedByBoth)
		c.resets.earn()
		return
	}
	// After a whole response the rest of the content is of no use (RFC 9113, section 8.1).
	c.forget(s, endedByUs)
	c.out.pending = appendReset(c.out.reserve(c, frameHeader+resetLength), s.id, reset)
}

// expire ends the waits of a stream that take too long.
func (s *Stream) expire(now time.Duration) {
	config := s.conn.config
	if s.conn.recvWindow <= 0 {
		s.in.since = now // the client may not send: it is content of other streams that has to be read first
	}
	if s.in.waiting && config.Read > 0 && now-s.in.since >= config.Read {
		s.in.late = true
		s.in.ready.Broadcast()
	}
	since := s.out.since
	if s.out.queued {
		since = max(since, s.conn.out.moved) // it is not the client that holds it up, but those before it
	}
	if s.out.waiting && config.Write > 0 && now-since >= config.Write {
		s.out.stalled = true
		s.conn.queue.leave(s)
		s.out.wake()
	}
}
