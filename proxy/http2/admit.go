// SPDX-License-Identifier: Apache-2.0

package http2

import "github.com/warren-dev/ingress/proxy/message"

// endBlock implements side.
func (c *ServerConn) endBlock(encoded []byte) error {
	stream := c.block.stream
	if c.heads == nil {
		c.heads = new(headReader)
		c.heads.init(c.config)
		c.heads.unpack(c.packed)
		c.packed = nil
	}
	if stream <= c.last {
		return c.endKnown(stream, encoded)
	}
	s, err := c.admit(stream)
	if err != nil {
		return err
	}
	if s == nil {
		c.heads.begin(nil)
		return c.heads.decode(encoded)
	}
	c.heads.begin(&s.Request)
	c.heads.arena = s.arena[:0]
	if err := c.heads.decode(encoded); err != nil {
		return err
	}
	if c.block.itself {
		c.heads.refuse(errDependsOnItself)
	}
	s.refused = c.heads.finish(c.block.end)
	s.arena, s.priority = c.heads.arena, c.heads.priority
	c.heads.end()
	if ok, err := c.start(s); !ok || c.block.end {
		return err
	}
	err = c.gather(stream)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.workers.serve(c, s)
	return err
}

// endKnown takes the header block of a stream that is not new: trailers, if it is open.
func (c *ServerConn) endKnown(stream uint32, encoded []byte) error {
	c.mu.Lock()
	open := c.streams[stream]
	c.mu.Unlock()
	if open != nil {
		return c.endTrailers(open, encoded)
	}
	if err := c.refuseReopened(stream); err != nil {
		return err
	}
	c.heads.begin(nil)
	return c.heads.decode(encoded)
}

// gather takes the content that came together with a request's head, so that whoever serves the request finds a short
// content whole.
func (c *ServerConn) gather(stream uint32) error {
	for c.w-c.r >= frameHeader {
		f, length := readFrameHeader(c.buf[c.r:c.w])
		end := c.r + frameHeader + length
		if f.kind != frameData || f.stream != stream || length > maxFrame || end > c.w {
			return nil
		}
		f.payload = c.buf[c.r+frameHeader : end : end]
		c.r = end
		if err := c.process(f); err != nil {
			return err
		}
	}
	return nil
}

// refuseReopened tells a stream that was closed from one that was skipped (RFC 9113, sections 5.1 and 5.1.1).
func (c *ServerConn) refuseReopened(stream uint32) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.closed.find(stream) {
	case endedByBoth, endedByPeer:
		return errStreamReopened
	case endedByUs:
		return nil
	}
	return errStreamNumber
}

// admit returns a stream for a request, nil if there may be no more. The client then has to try again, here or
// elsewhere.
func (c *ServerConn) admit(stream uint32) (*Stream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = stream
	switch {
	case c.departure == departed:
		c.rememberClosed(stream, endedByUs)
		return nil, nil // The GOAWAY says that nothing was done (RFC 9113, section 6.8).
	case c.running >= maxStreams:
		return nil, c.refuseStream(stream)
	}
	c.accepted = stream
	return c.newStream(stream), nil
}

// refuseStream tells the client that nothing was done with a request, so that it may send it again (RFC 9113, section
// 8.7).
func (c *ServerConn) refuseStream(stream uint32) error {
	c.rememberClosed(stream, endedByUs)
	if !c.resets.spend(1, c.config.Now()) {
		return errResetsMany
	}
	return c.control(func(b []byte) []byte { return appendReset(b, stream, codeRefusedStream) })
}

// start opens a stream. It has the stream served, unless content of its request is to be gathered first. It returns
// false if there may be no more streams.
func (c *ServerConn) start(s *Stream) (ok bool, err error) {
	exchange := c.handler.Begin(s)
	c.mu.Lock()
	defer c.mu.Unlock()
	s.headHeld = sizeOf(s.arena, len(s.Request.Fields))
	if ok, end := c.hold(&s.stream, s.headHeld); !ok {
		exchange.Release()
		id := s.id
		c.recycle(s)
		if end {
			return false, errHeadMemory
		}
		return false, c.refuseStream(id)
	}
	s.exchange, s.work = exchange, exchange
	if s.refused != nil && s.refused.Status == malformedStatus {
		s.fault = codeProtocol
	}
	length := s.Request.ContentLength
	if s.connect = len(s.Request.Upgrade) > 0; s.connect {
		length = message.UnknownLength // What comes is no content of the request.
	}
	s.in.begin(length, c.block.end)
	// Nobody waits for the end of a request without content. If content comes all the same, that is a fault.
	s.in.ended = s.Request.ContentLength == 0
	c.open(&s.stream)
	c.running++
	if c.err != nil { // The failure could not reach a stream that was not there yet.
		delete(c.streams, s.id)
		s.abort(c.err)
	}
	if c.departure == announced {
		c.announce()
	}
	if c.block.end {
		c.workers.serve(c, s)
	}
	return true, nil
}

// endTrailers takes the header block after a request's content.
func (c *ServerConn) endTrailers(s *stream, encoded []byte) error {
	var trailers message.Request
	c.heads.begin(&trailers)
	c.heads.trailers = true
	c.heads.arena = nil
	if err := c.heads.decode(encoded); err != nil {
		return err
	}
	defer c.heads.end()
	c.heads.settle()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.takeTrailers(s, c.heads.fields, c.heads.arena, c.heads.refused)
}
