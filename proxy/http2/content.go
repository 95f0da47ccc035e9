// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// content is a message's content on its way from the goroutine that reads the connection to whoever reads the message.
// The methods for the former need the connection's lock. The methods for the latter take it.
type content struct {
	stream *stream
	ready  sync.Cond
	// buf[r:w] has come and was not read.
	buf  []byte
	r, w int
	// begun is set once the head came, closed once the stream's last frame came, and ended once that was read.
	begun, closed, ended bool
	// remaining is how much of an announced length has not come yet, or UnknownLength.
	remaining int64
	trailers  []message.Field
	malformed *message.Error
	// waiting is set while somebody waits, and since is when that wait began. late is set once it took too long.
	waiting, late, stopped bool
	since                  time.Duration
	// patience is how long each wait may take, 0 for any time.
	patience time.Duration
}

// begin prepares for content of a length, or of UnknownLength. end is set if no content follows.
func (c *content) begin(length int64, end bool) {
	c.begun, c.closed, c.ended, c.remaining = true, end, end, length
}

// take takes the content of a frame. end is set for the last one. It returns false if the head announced something
// else.
func (c *content) take(data []byte, end bool) bool {
	if !c.begun {
		c.fail(errNoHead)
		return false
	}
	if c.remaining != message.UnknownLength {
		c.remaining -= int64(len(data))
		if c.remaining < 0 || end && c.remaining > 0 {
			c.fail(errLengthDiffers)
			return false
		}
	}
	if len(data) > 0 {
		c.put(data)
		c.stream.pace.received += uint64(len(data))
	}
	c.closed = c.closed || end
	c.ready.Broadcast()
	return true
}

// fail makes every Read from now on fail.
func (c *content) fail(err *message.Error) {
	c.malformed = err
	c.remaining = message.UnknownLength // What comes from now on is not counted any more.
	c.ready.Broadcast()
}

func (c *content) put(data []byte) {
	buffers := c.stream.conn.config.Buffers
	pending := c.w - c.r
	switch {
	case pending+len(data) > len(c.buf):
		grown := buffers.Get(max(min(2*len(c.buf), int(c.stream.fullWindow)), pending+len(data)))
		copy(grown, c.buf[c.r:c.w])
		if c.buf != nil {
			buffers.Put(c.buf)
		}
		c.buf, c.r, c.w = grown, 0, pending
	case c.w+len(data) > len(c.buf):
		copy(c.buf, c.buf[c.r:c.w])
		c.r, c.w = 0, pending
	}
	c.w += copy(c.buf[c.w:], data)
}

// Read implements message.Reader.
func (c *content) Read(p []byte) (int, error) {
	s := c.stream
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	if c.ended {
		return 0, io.EOF
	}
	c.await()
	switch {
	case c.malformed != nil:
		return 0, c.malformed
	case c.stopped:
		return 0, os.ErrDeadlineExceeded
	case c.r < c.w, c.closed:
		c.late = false // What has come is read, whatever became of the stream.
	case c.late:
		return 0, os.ErrDeadlineExceeded
	default:
		return 0, s.err
	}
	n := copy(p, c.buf[c.r:c.w])
	c.drop(n)
	if c.closed && c.r == c.w {
		c.ended = true
		return n, io.EOF
	}
	return n, nil
}

// await waits until there is something to read, or never will be.
func (c *content) await() {
	for c.r == c.w && !c.settled() {
		c.wait()
	}
}

// wait waits for something to change.
func (c *content) wait() {
	c.waiting, c.since = true, c.stream.conn.config.Now()
	c.ready.Wait()
	c.waiting = false
}

// settled returns whether waiting would bring nothing more.
func (c *content) settled() bool {
	return c.closed || c.malformed != nil || c.stopped || c.late || c.stream.err != nil
}

// drop consumes n bytes, and lets the peer send as many more.
func (c *content) drop(n int) {
	s := c.stream
	if c.r += n; c.r == c.w {
		c.releaseBuffer()
	}
	s.conn.consumed(int64(n))
	if c.closed || s.err != nil {
		return
	}
	// recvWindow is what the peer may send and has not sent. The rest, up to the full window, waits here or was consumed.
	consumed := s.fullWindow - s.recvWindow - int64(c.w-c.r)
	if consumed >= s.fullWindow/2 {
		s.recvWindow += consumed
		s.conn.out.pending = appendWindowUpdate(s.conn.out.reserve(s.conn, frameHeader+windowUpdateLength), s.id, consumed)
		s.conn.flushSoon()
	}
}

// consumed notes that n bytes are not kept any more.
func (c *conn) consumed(n int64) {
	if !c.creditOnArrival {
		c.give(n)
	}
}

// give lets the peer send n more bytes on the connection.
func (c *conn) give(n int64) {
	if c.credit += n; c.credit < connectionWindow/2 || c.err != nil {
		return
	}
	c.recvWindow += c.credit
	c.out.pending = appendWindowUpdate(c.out.reserve(c, frameHeader+windowUpdateLength), 0, c.credit)
	c.credit = 0
	c.flushSoon()
}

// Await waits until a Read would not wait. It is for callers that want to hold no buffer while they wait.
func (c *content) Await() {
	mu := &c.stream.conn.mu
	mu.Lock()
	defer mu.Unlock()
	c.await()
}

// Buffered implements message.Reader.
func (c *content) Buffered() bool {
	mu := &c.stream.conn.mu
	mu.Lock()
	defer mu.Unlock()
	return c.r < c.w || c.settled()
}

// Ended implements message.Reader.
func (c *content) Ended() bool { return c.ended }

// Trailers implements message.Reader.
func (c *content) Trailers() []message.Field { return c.trailers }

func (c *content) skip() bool {
	mu := &c.stream.conn.mu
	mu.Lock()
	defer mu.Unlock()
	c.drop(c.w - c.r)
	c.ended = c.ended || c.closed && c.malformed == nil
	return c.ended
}

func (c *content) stop(stopped bool) {
	mu := &c.stream.conn.mu
	mu.Lock()
	defer mu.Unlock()
	c.stopped = stopped
	c.ready.Broadcast()
}

// release drops what nobody has read. The peer may send as much again, on other streams.
func (c *content) release() {
	c.stream.conn.consumed(int64(c.w - c.r))
	c.releaseBuffer()
	c.begun, c.closed, c.ended, c.malformed, c.trailers = false, false, false, nil, nil
	c.late, c.stopped = false, false
}

func (c *content) releaseBuffer() {
	if c.buf != nil {
		c.stream.conn.config.Buffers.Put(c.buf)
	}
	c.buf, c.r, c.w = nil, 0, 0
}
