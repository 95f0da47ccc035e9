package http2

import "github.com/warren-dev/ingress/proxy/message"

// block is a header block on its way: a HEADERS frame and the CONTINUATION frames behind it, between which nothing else may
// stand (RFC 9113, section 4.3).
type block struct {
	// open is set while the last frame has not come.
	open   bool
	stream uint32
	// end is set where the stream ends with the block, itself where it is said to depend on itself.
	end, itself bool
	frames      int
	bytes       []byte
}

// release forgets the memory of a block that was in pieces: few are.
func (b *block) release() { b.bytes = nil }

func (c *ServerConn) processHeaders(f frame) error {
	switch {
	case f.stream == 0:
		return errFrameStream
	case f.stream%2 == 0:
		return errStreamNumber
	}
	fragment, err := f.unpad()
	if err != nil {
		return err
	}
	c.block.stream, c.block.end, c.block.itself = f.stream, f.has(flagEndStream), false
	if f.has(flagPriority) {
		if len(fragment) < priorityLength {
			return errFrameLength
		}
		c.block.itself = dependsOnItself(fragment, f.stream)
		fragment = fragment[priorityLength:]
	}
	if f.has(flagEndHeaders) {
		return c.endBlock(fragment)
	}
	c.block.open, c.block.frames = true, 1
	c.block.bytes = append(c.block.bytes[:0], fragment...)
	return nil
}

func (c *ServerConn) processContinuation(f frame) error {
	b := &c.block
	if !b.open {
		return errContinuation
	}
	if b.frames++; b.frames > maxContinuations {
		return errContinuationsMany
	}
	if len(b.bytes)+len(f.payload) > 2*c.config.Limits.HeadBytes {
		return errBlockLong
	}
	b.bytes = append(b.bytes, f.payload...)
	if !f.has(flagEndHeaders) {
		return nil
	}
	b.open = false
	return c.endBlock(b.bytes)
}

// endBlock decodes a whole block, whatever becomes of it: later ones build on the table that it leaves (RFC 9113, section 4.3).
func (c *ServerConn) endBlock(encoded []byte) error {
	stream := c.block.stream
	c.mu.Lock()
	s := c.streams[stream]
	c.mu.Unlock()
	switch {
	case s != nil:
		return c.endTrailers(s, encoded)
	case stream <= c.last:
		if err := c.refuseReopened(stream); err != nil {
			return err
		}
		c.heads.begin(nil)
		return c.heads.decode(encoded)
	}
	c.last = stream
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
	s.arena = c.heads.arena
	s.priority = c.heads.priority
	return c.start(s)
}

// refuseReopened tells a stream that was closed from one that was passed over (RFC 9113, sections 5.1 and 5.1.1).
func (c *ServerConn) refuseReopened(stream uint32) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.closed.find(stream) {
	case endedByBoth, endedByClient:
		return errStreamReopened
	case endedByUs:
		return nil
	}
	return errStreamNumber
}

// admit returns a stream for a request, or nil where there may be no more: the client has to try again, here or elsewhere.
func (c *ServerConn) admit(stream uint32) (*Stream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.departure == departed:
		c.closed.add(stream, endedByUs)
		return nil, nil // it learns from the GOAWAY that nothing was done (RFC 9113, section 6.8)
	case c.running >= maxStreams:
		c.closed.add(stream, endedByUs)
		if !c.resets.spend(1, c.config.Now()) {
			return nil, errResetsMany
		}
		return nil, c.control(func(b []byte) []byte { return appendReset(b, stream, codeRefusedStream) })
	}
	c.accepted = stream
	return c.newStream(stream), nil
}

// start has a stream served.
func (c *ServerConn) start(s *Stream) error {
	exchange := c.handler.Begin(s)
	c.mu.Lock()
	defer c.mu.Unlock()
	s.exchange = exchange
	if s.refused != nil && s.refused.Status == malformedStatus {
		s.fault = codeProtocol
	}
	s.in.begin(&s.Request, c.block.end)
	c.streams[s.id] = s
	c.running++
	if c.err != nil { // nobody took notice of a stream that was not there yet
		delete(c.streams, s.id)
		s.abort(c.err)
	}
	if c.departure == announced {
		c.announce()
	}
	c.workers.serve(c, s)
	return nil
}

// endTrailers takes the block behind a request's content.
func (c *ServerConn) endTrailers(s *Stream, encoded []byte) error {
	var trailers message.Request
	c.heads.begin(&trailers)
	c.heads.trailers = true
	c.heads.arena = nil
	if err := c.heads.decode(encoded); err != nil {
		return err
	}
	refused := c.heads.refused
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.streams[s.id] != s:
		return nil // it ended meanwhile
	case s.in.closed:
		return c.reset(s, codeStreamClosed)
	case !c.block.end:
		// Only what ends the stream is trailers (RFC 9113, section 8.1).
		refused = errTrailersNotLast
	}
	if refused == nil {
		if !s.in.ended { // or somebody may be looking already whether there are any
			s.in.trailers = trailers.Fields
		}
		if s.in.take(nil, true) {
			return nil
		}
		refused = s.in.malformed
	}
	s.in.fail(refused)
	return c.malformed(s)
}
