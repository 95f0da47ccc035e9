// SPDX-License-Identifier: Apache-2.0

package http2

import "time"

// Share is a connection's share of the memory that heads may take: those of its streams, as they were decoded, for as
// long as they are of use, and a header block whose end has not come. A block of some bytes can mean a head of many
// kilobytes, any number of times (RFC 7541, section 2.3.2). It is used under the connection's lock.
type Share interface {
	// Take takes n bytes. It says false where this connection, or all of them, would hold too much; end says that this one
	// is to end, for it holds most.
	Take(n int) (ok, end bool)
	// Charge takes n bytes that somebody else is to blame for. Where that is too much, the connection that holds most is
	// ended.
	Charge(n int)
	// Return gives n bytes back.
	Return(n int)
	// Rest gives back what the connection does not hold now: it was kept for the next head.
	Rest()
	// Leave gives all back, as the connection's last word.
	Leave()
}

// Holder is a connection that has a share.
type Holder interface {
	// Overdraw ends the connection because of what it holds of heads. It must not block.
	Overdraw()
}

const (
	// headAllowance is what a head may take of memory that nobody counts: nearly all take less.
	headAllowance = 2 << 10
	// fieldSize is what a field takes besides its name and its value.
	fieldSize = 56
	// keptStreams bounds what a connection keeps, for its next streams, of the memory of those that ended.
	keptStreams = 128 << 10
	// keptFields bounds the number of fields that a stream keeps memory for.
	keptFields = 64
)

// sizeOf is what a head takes of what is counted.
func sizeOf(arena []byte, fields int) int { return max(0, cap(arena)+fields*fieldSize-headAllowance) }

// hold has the connection hold n bytes more for a stream.
func (c *conn) hold(s *stream, n int) (ok, end bool) {
	if n <= 0 || c.share == nil {
		return true, false
	}
	if ok, end = c.share.Take(n); ok {
		s.held += n
	}
	return ok, end
}

// charge has the connection hold n bytes more for a stream, come what may.
func (c *conn) charge(s *stream, n int) {
	if n > 0 && c.share != nil {
		c.share.Charge(n)
		s.held += n
	}
}

// unhold ends the hold on n bytes of a stream's.
func (c *conn) unhold(s *stream, n int) {
	if n = min(n, s.held); n > 0 {
		s.held -= n
		c.share.Return(n)
	}
}

// holdBlock has the connection hold a header block of n bytes whose end has not come.
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

// Overdraw ends the connection because of what it holds of heads. It may be called from any goroutine.
func (c *conn) Overdraw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.overdrawn = true
	c.transport.StopReading()
	// Whoever reads may be in a write that the peer takes nothing of, and the memory is waited for.
	time.AfterFunc(lastWords, func() { _ = c.transport.Close() })
}

// keep has a stream that ended keep so many bytes for another one, and says false where too much is kept already.
func (c *conn) keep(s *stream, bytes int) bool {
	if c.kept+bytes > keptStreams {
		return false
	}
	s.kept = bytes
	c.kept += bytes
	return true
}

// reuse takes what was kept for a stream.
func (c *conn) reuse(s *stream) {
	c.kept -= s.kept
	s.kept = 0
}
