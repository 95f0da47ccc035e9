// SPDX-License-Identifier: Apache-2.0

package http2

import "github.com/warren-dev/ingress/proxy/message"

// block is a header block that is still arriving: a HEADERS frame and the CONTINUATION frames after it. Nothing else
// may come between those (RFC 9113, section 4.3).
type block struct {
	// open is set until the last frame has come.
	open   bool
	stream uint32
	// end is set if the stream ends with the block. itself is set if the stream is said to depend on itself.
	end, itself bool
	frames      int
	bytes       []byte
	// held is how many bytes the connection's share counts for the block.
	held int
}

// endPieces drops the memory of a block that came in pieces. Such blocks are rare.
func (c *conn) endPieces() {
	c.block.bytes = nil
	c.unholdBlock()
}

func (c *conn) processHeaders(f frame) error {
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
		return c.side.endBlock(fragment)
	}
	c.block.open, c.block.frames = true, 1
	c.block.bytes = append(c.block.bytes[:0], fragment...)
	return c.holdBlock(cap(c.block.bytes))
}

func (c *conn) processContinuation(f frame) error {
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
		return c.holdBlock(cap(b.bytes))
	}
	b.open = false
	defer c.endPieces()
	return c.side.endBlock(b.bytes)
}

// takeTrailers takes the fields of a block after a stream's content. refused is why they are refused, if they are.
func (c *conn) takeTrailers(s *stream, trailers []message.Field, arena []byte, refused *message.Error) error {
	switch {
	case c.streams[s.id] != s:
		return nil // it ended meanwhile
	case s.in.closed:
		return c.reset(s, codeStreamClosed)
	case s.connect:
		return c.reset(s, codeProtocol) // A tunnel has no trailers (RFC 9113, section 8.5).
	case !c.block.end:
		// Only a block that ends the stream is trailers (RFC 9113, section 8.1).
		refused = errTrailersNotLast
	}
	switch ok, end := c.hold(s, sizeOf(arena, len(trailers))); {
	case end:
		return errHeadMemory
	case !ok:
		return c.reset(s, codeEnhanceYourCalm)
	}
	if refused == nil {
		if !s.in.ended { // Otherwise somebody may already be looking for trailers.
			s.in.trailers = trailers
		}
		if s.in.take(nil, true) {
			return nil
		}
		refused = s.in.malformed
	}
	s.in.fail(refused)
	return c.side.malformed(s)
}
