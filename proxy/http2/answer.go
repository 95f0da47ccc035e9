// SPDX-License-Identifier: Apache-2.0

package http2

// endBlock implements side.
func (c *ClientConn) endBlock(encoded []byte) error {
	s, trailers, err := c.answered(c.block.stream)
	if err != nil {
		return err
	}
	c.heads.begin(s != nil, trailers)
	defer c.heads.end()
	if err := c.heads.decode(encoded); err != nil || s == nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.streams[c.block.stream] != &s.stream:
		return nil // it ended meanwhile
	case trailers:
		refused := c.heads.finishTrailers()
		if !s.in.closed { // Otherwise there are trailers already, and somebody may be reading them.
			s.trailers, c.heads.head = c.heads.head, s.trailers
		}
		return c.takeTrailers(&s.stream, s.trailers.Fields, s.trailers.arena, refused)
	}
	return c.takeHead(s)
}

// answered returns the stream that a header block is on, nil if it is not open any more. trailers is whether the block
// comes after content.
func (c *ClientConn) answered(stream uint32) (s *ClientStream, trailers bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.streams[stream]; s != nil {
		return s.work.(*ClientStream), s.in.begun, nil
	}
	if c.isIdle(stream) {
		return nil, false, errFrameIdle
	}
	if err := c.spendEcho(); err != nil {
		return nil, false, err
	}
	return nil, false, c.processClosed(stream)
}

// takeHead takes a decoded head, an informational one or the final one.
func (c *ClientConn) takeHead(s *ClientStream) error {
	refused := c.heads.finish(c.block.end, s.bodiless)
	if refused == nil && s.came == maxHeads {
		refused = errInformationalsMany
	}
	if refused == nil {
		size := sizeOf(c.heads.head.arena, len(c.heads.head.Fields))
		switch ok, end := c.hold(&s.stream, size); {
		case end:
			return errHeadMemory
		case !ok:
			refused = errHeadsMany
		default:
			s.headsHeld += size
		}
	}
	if refused != nil {
		s.in.fail(refused)
		return c.malformed(&s.stream)
	}
	if s.came == len(s.heads) {
		s.heads = append(s.heads, responseHead{})
	}
	head := &s.heads[s.came]
	*head, c.heads.head = c.heads.head, *head
	s.came++
	if !head.Informational() {
		length := head.ContentLength
		if head.NoContent {
			length = 0
		}
		s.in.begin(length, c.block.end)
	}
	s.in.ready.Broadcast()
	return nil
}
