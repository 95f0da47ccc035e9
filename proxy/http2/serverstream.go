// SPDX-License-Identifier: Apache-2.0

package http2

import "github.com/warren-dev/ingress/proxy/message"

// Stream is one request and its response. While Serve runs, one goroutine may read the content while another writes the
// response. Otherwise one goroutine at a time uses it. After Serve, it is used for another request.
type Stream struct {
	stream
	exchange Exchange
	// Request is the request's head. Serve may take it and leave another one, whose memory is used for the next request.
	Request message.Request
	refused *message.Error
	arena   []byte
	// headHeld is how many bytes the connection's share counts for the head.
	headHeld int
	// broken is the code with which somebody else broke off the response.
	broken code
}

// newStream returns a stream that nobody knows yet.
func (c *ServerConn) newStream(id uint32) *Stream {
	var s *Stream
	if n := len(c.free); n > 0 {
		s = c.free[n-1]
		c.free = c.free[:n-1]
		c.reuse(&s.stream)
	} else {
		s = new(Stream)
		s.init(&c.conn)
	}
	s.id = id
	s.in.patience, s.out.patience, s.pace = c.config.Read, c.config.Write, pace{}
	s.sendWindow, s.recvWindow, s.fullWindow = c.initialWindow, streamWindow, streamWindow
	return s
}

// recycle ends all views of the stream's request, and keeps its memory for the next.
func (c *ServerConn) recycle(s *Stream) {
	s.stream.recycle()
	s.Request.Reset()
	if cap(s.arena) > maxKept || cap(s.Request.Fields) > keptFields ||
		!c.keep(&s.stream, cap(s.arena)+cap(s.Request.Fields)*fieldSize+cap(s.out.block)) {
		s.dropArena()
		s.Request, s.out.block = message.Request{}, nil
	}
	s.refused, s.broken, s.headHeld = nil, codeNone, 0
	c.free = append(c.free, s)
}

// Refused returns why the request cannot be served, nil if it can.
func (s *Stream) Refused() *message.Error { return s.refused }

// LongHead returns whether the request's head takes more memory than most.
func (s *Stream) LongHead() bool { return s.headHeld > 0 }

// ReleaseHead ends all views of the request's head. The caller has copied what it still needs. The head may be long,
// and the content may take its time.
func (s *Stream) ReleaseHead() {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	s.dropArena()
	c.unhold(&s.stream, s.headHeld)
	s.headHeld = 0
}

// dropArena ends all views of the arena. An arena of lentArena bytes was lent by the pool, or can go there.
func (s *Stream) dropArena() {
	if cap(s.arena) == lentArena {
		s.conn.config.Buffers.Put(s.arena[:lentArena])
	}
	s.arena = nil
}

// Content reads the request's content.
func (s *Stream) Content() message.Reader { return &s.in }

// AwaitContent does nothing: every wait for content is bounded, until RestContent.
func (s *Stream) AwaitContent() {}

// RestContent removes the bound on waits for content, including one that is going on. It returns true.
func (s *Stream) RestContent() bool {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	s.in.patience, s.pace.resting = 0, true
	return true
}

// BreakOff ends a response that is not whole, or has not begun, with the code with which the server that it comes from
// ended it. It returns true.
func (s *Stream) BreakOff(why message.Reset) bool {
	s.broken = code(why)
	return true
}

// SkipContent drops the content that is there. It returns whether that was the rest of the content.
func (s *Stream) SkipContent() bool { return s.in.skip() }

// WriteInformational sends a 1xx response.
func (s *Stream) WriteInformational(resp *message.Response) error {
	return s.out.sendBlock(appendResponse(s.out.block[:0], resp))
}

// WriteHead makes the final response's head pending. It is sent with the first content or at End. Until then, another
// head can replace it.
func (s *Stream) WriteHead(resp *message.Response) {
	s.out.begin(appendResponse(s.out.block[:0], resp), resp.ContentLength, resp.NoContent)
	s.out.switching = resp.Status == 101
}

// Response returns the writer of the response's content. If the request was read to its end, the response is sent only
// when the work on the stream ends, which is next: so the endpoint's connection is free for others sooner.
func (s *Stream) Response() message.Writer { return &s.out }

// Started returns whether a part of the final response was sent, or is about to be.
func (s *Stream) Started() bool { return s.out.started }

// CloseAfter does nothing: no exchange is in the way of later ones.
func (s *Stream) CloseAfter() {}

// StopContent makes a waiting Read of the content, and all later ones, fail.
func (s *Stream) StopContent() { s.in.stop(true) }

// ResumeContent undoes StopContent.
func (s *Stream) ResumeContent() { s.in.stop(false) }

// malformed implements side. If no response has begun, the client is told why before the reset: the content fails
// whoever reads it.
func (c *ServerConn) malformed(s *stream) error {
	if s.out.started {
		return c.reset(s, codeProtocol)
	}
	s.fault = codeProtocol
	return nil
}

// wasReset implements side. A client that stops an upload after the whole response has cost no more than one that sends
// all of it.
func (c *ServerConn) wasReset(s *stream, _ code) error {
	s.abort(errStreamReset)
	if s.out.ended && s.fault == codeNone {
		return nil
	}
	return c.faulted()
}

// faulted implements side. Work that was begun for a stream costs as much if the client made us reset it.
func (c *ServerConn) faulted() error {
	if !c.resets.spend(1, c.config.Now()) {
		return errResetsMany
	}
	return nil
}

// endStream ends the stream, or what is left of it, once nobody works on it any more.
func (c *ServerConn) endStream(s *Stream) {
	exchange := s.exchange
	s.exchange, s.work = nil, nil // From here on nobody aborts it.
	exchange.Release()
	if c.streams[s.id] == &s.stream {
		c.close(s)
	}
	if s.tunnel {
		c.tunnels--
	}
	c.recycle(s)
	c.leave()
	c.flush(true)
}

// close closes a stream that is still open.
func (c *ServerConn) close(s *Stream) {
	reset := codeNone
	switch {
	case s.fault != codeNone:
		reset = s.fault
		c.resets.spend(1, c.config.Now())
	case !s.out.ended:
		reset = codeInternal // The response broke off.
		switch {
		case s.out.stalled:
			reset = codeCancel
		case s.broken != codeNone:
			reset = s.broken
		}
	case s.in.closed:
		c.forget(&s.stream, endedByBoth)
		c.resets.earn()
		return
	}
	// After a whole response, the rest of the request's content is of no use (RFC 9113, section 8.1).
	c.forget(&s.stream, endedByUs)
	c.appendReset(s.id, reset)
}
