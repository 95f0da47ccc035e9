// SPDX-License-Identifier: Apache-2.0

package http2

import "time"

// Share is a connection's share of the memory for heads: decoded heads of its streams, as long as they are needed, and
// a header block whose end has not come. A block of a few bytes can stand for a head of many kilobytes, any number of
// times (RFC 7541, section 2.3.2). It is used under the connection's lock.
type Share interface {
	// Take takes n bytes. It returns false if this connection, or all of them, would hold too much. end is set if this
	// connection has to end because it holds most.
	Take(n int) (ok, end bool)
	// Charge takes n bytes for which somebody else is to blame. If that is too much, the connection that holds most is
	// ended.
	Charge(n int)
	// Return gives n bytes back.
	Return(n int)
	// Rest gives back what the connection does not hold now, but kept for the next head.
	Rest()
	// Leave gives everything back. It is the connection's last call.
	Leave()
}

// Holder is a connection that has a share.
type Holder interface {
	// Overdraw ends the connection because its heads hold too much. It must not block.
	Overdraw()
}

const (
	// headAllowance is how many bytes of a head are not counted. Nearly all heads take less.
	headAllowance = 2 << 10
	// fieldSize is what a field takes besides its name and its value.
	fieldSize = 56
	// keptStreams bounds how much memory of ended streams a connection keeps for its next streams.
	keptStreams = 128 << 10
	// keptFields bounds the number of fields for which a stream keeps memory.
	keptFields = 64
)

// sizeOf returns how many bytes of a head are counted.
func sizeOf(arena []byte, fields int) int { return max(0, cap(arena)+fields*fieldSize-headAllowance) }

// hold counts n more bytes for a stream. It returns false if that would be too much, and end as Share.Take does.
func (c *conn) hold(s *stream, n int) (ok, end bool) {
	if n <= 0 || c.share == nil {
		return true, false
	}
	if ok, end = c.share.Take(n); ok {
		s.held += n
	}
	return ok, end
}

// charge counts n more bytes for a stream in any case.
func (c *conn) charge(s *stream, n int) {
	if n > 0 && c.share != nil {
		c.share.Charge(n)
		s.held += n
	}
}

// unhold counts n bytes less for a stream.
func (c *conn) unhold(s *stream, n int) {
	if n = min(n, s.held); n > 0 {
		s.held -= n
		c.share.Return(n)
	}
}

// holdBlock counts a header block of n bytes whose end has not come.
func (c *conn) holdBlock(n int) error {
	if n -= headAllowance; n <= c.block.held || c.share == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if ok, _ := c.share.Take(n - c.block.held); !ok {
		return errHeadMemory
	}
	c.block.held = n
	return nil
}

func (c *conn) unholdBlock() {
	if c.block.held == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.share.Return(c.block.held)
	c.block.held = 0
}

// Overdraw ends the connection because its heads hold too much. Any goroutine may call it.
func (c *conn) Overdraw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.overdrawn = true
	c.stopReading()
	// The goroutine that reads may be in a write that the peer does not take, and the memory is needed.
	time.AfterFunc(lastWords, func() {
		c.mu.Lock()
		t := c.transport
		c.mu.Unlock()
		if t != nil {
			_ = t.Close()
		}
	})
}

// keep keeps that many bytes of an ended stream for another one. It returns false if too much is kept already.
func (c *conn) keep(s *stream, bytes int) bool {
	if c.kept+bytes > keptStreams {
		return false
	}
	s.kept = bytes
	c.kept += bytes
	return true
}

// reuse stops counting what a stream has kept, because it is used again.
func (c *conn) reuse(s *stream) {
	c.kept -= s.kept
	s.kept = 0
}
