// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// writer is a message on its way into the connection's buffer. It gathers the head and some content. They move on in
// frames as the windows and the other streams allow.
type writer struct {
	stream *stream
	// block is the header block until it is started. buf[:n] is content.
	block []byte
	// held is how many bytes the connection's share counts for the block.
	held int
	buf  []byte
	n    int
	// wide is set once content filled the room it was given: more content then moves in larger steps.
	wide bool
	// switching is set if the head is a 101: a tunnel follows.
	switching bool
	// empty is set if no content may follow. remaining is how much of a length may still be written, or UnknownLength.
	empty     bool
	remaining int64
	written   int64
	// started is set once the head is in the connection's buffer, ended once the last frame is.
	started, ended bool

	// The connection's lock guards the following fields, and changes of started and ended.

	ready sync.Cond
	// waiting is set while the stream waits, and since is when that began. queued is set if it waits for what all share.
	// wantsWindow is set if the connection's window is a part of that. stalled is set once the wait took too long.
	waiting, queued, wantsWindow, stalled bool
	since                                 time.Duration
	// patience is how long each wait may take, 0 for any time.
	patience time.Duration
}

var (
	errContentLong  = errors.New("more content than the head announced")
	errContentShort = errors.New("less content than the head announced")
)

// begin makes a head pending. Until it is started, another head can replace it.
func (w *writer) begin(block []byte, length int64, empty bool) {
	w.hold(block)
	w.n, w.wide, w.written = 0, false, 0
	w.empty, w.remaining = empty, length
}

// hold keeps a header block until it is sent. A block that is longer than most is counted, because it waits for the
// peer.
func (w *writer) hold(block []byte) {
	w.block = block
	if cap(block) <= maxKept && w.held == 0 {
		return
	}
	s := w.stream
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	w.unhold()
	if w.held = max(0, cap(block)-maxKept); w.held > 0 {
		s.conn.charge(s, w.held)
	}
}

// unhold stops counting a block.
func (w *writer) unhold() {
	w.stream.conn.unhold(w.stream, w.held)
	w.held = 0
}

// forget drops a block that was sent, if it is longer than most.
func (w *writer) forget() {
	if cap(w.block) > maxKept {
		w.block = nil
		w.unhold()
	}
}

// sendBlock sends a header block after which another one follows.
func (w *writer) sendBlock(block []byte) error {
	s := w.stream
	c := s.conn
	w.hold(block)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.wakeNext()
	if err := w.awaitRoom(false); err != nil {
		return err
	}
	c.appendBlock(s.id, block, false)
	w.forget()
	c.flush(false)
	return nil
}

// Room implements message.Writer.
func (w *writer) Room() ([]byte, error) {
	if w.buf != nil && len(w.buf)-w.n < 1024 {
		if err := w.send(w.buf[:w.n], false, nil); err != nil {
			return nil, err
		}
	}
	buffers := w.stream.conn.config.Buffers
	if w.wide && w.n == 0 && len(w.buf) < buffer.Large {
		w.releaseBuffer()
		w.buf = buffers.Get(buffer.Large)
	}
	if w.buf == nil {
		w.buf = buffers.Get(buffer.Small)
	}
	return w.buf[w.n:], nil
}

// Rest gives the buffer back if nothing is pending in it.
func (w *writer) Rest() {
	if w.n == 0 {
		w.releaseBuffer()
	}
}

// Advance implements message.Writer.
func (w *writer) Advance(n int) error {
	if n == 0 {
		return nil
	}
	if w.remaining != message.UnknownLength {
		if w.remaining -= int64(n); w.remaining < 0 {
			return errContentLong
		}
	}
	if w.empty {
		return errContentLong
	}
	w.written += int64(n)
	w.n += n
	w.wide = w.wide || w.n == len(w.buf)
	return nil
}

// Flush implements message.Writer.
func (w *writer) Flush() error {
	if w.started && w.n == 0 {
		return nil
	}
	if err := w.send(w.buf[:w.n], false, nil); err != nil {
		return err
	}
	c := w.stream.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush(false)
	return nil
}

// End implements message.Writer. If everything was received, the message is sent only when the work on the stream ends,
// which is next.
func (w *writer) End(trailers []message.Field) error {
	if w.switching {
		return w.stream.openTunnel()
	}
	if !w.empty && w.remaining > 0 {
		return errContentShort
	}
	if w.empty {
		trailers = nil
	}
	if err := w.send(w.buf[:w.n], true, trailers); err != nil {
		return err
	}
	w.releaseBuffer()
	s := w.stream
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	if !s.in.ended {
		s.conn.flush(false)
	}
	return nil
}

// Written implements message.Writer.
func (w *writer) Written() int64 { return w.written }

// send moves what is pending, first the head and then content, into the connection's buffer. It waits while that has no
// room or a window is closed.
func (w *writer) send(content []byte, end bool, trailers []message.Field) error {
	s := w.stream
	c := s.conn
	trailing := end && hasFields(trailers)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.wakeNext()
	for sent := 0; ; {
		left := len(content) - sent
		if err := w.awaitRoom(w.started && left > 0); err != nil {
			return err
		}
		if !w.started {
			if s.id == 0 {
				c.number(s)
			}
			w.started = true
			w.ended = end && left == 0 && !trailing && s.fault == codeNone
			c.appendBlock(s.id, w.block, w.ended)
			w.forget()
			if left == 0 && !trailing {
				return nil
			}
		}
		n := int(max(0, min(int64(left), int64(c.out.room()), maxFrame, s.sendWindow, c.sendWindow)))
		if left > 0 && n == 0 {
			c.flush(false)
			if s.sendWindow <= 0 || c.sendWindow <= 0 {
				w.wait(s.sendWindow > 0, true)
			}
			continue
		}
		last := end && n == left && !trailing && s.fault == codeNone
		if n > 0 || last {
			if err := c.appendData(s, content[sent:sent+n], last, n < left); err != nil {
				return err
			}
		}
		if sent += n; sent < len(content) {
			continue
		}
		w.n = 0
		if trailing && s.fault == codeNone {
			w.block = appendTrailers(w.block[:0], trailers)
			c.appendBlock(s.id, w.block, true)
			w.forget()
		}
		w.ended = end && s.fault == codeNone
		return nil
	}
}

// awaitRoom waits until the connection's buffer has room. It releases the lock meanwhile.
func (w *writer) awaitRoom(wantsWindow bool) error {
	s, c := w.stream, w.stream.conn
	for {
		switch err := s.failed(); {
		case err != nil:
			return err
		case c.out.err != nil:
			return c.out.err
		case w.stalled:
			return os.ErrDeadlineExceeded
		case c.out.room() > 0:
			return nil
		case c.out.writing:
			w.wait(true, wantsWindow)
		default:
			c.flush(false)
		}
	}
}

// wait waits to be woken, in the queue for what all share, or for the stream's own window.
func (w *writer) wait(shared, wantsWindow bool) {
	c := w.stream.conn
	if w.stream.failed() != nil || c.out.err != nil {
		return // It failed while the lock was released to flush.
	}
	w.wantsWindow = wantsWindow
	if shared {
		c.queue.join(w.stream)
	} else {
		c.wakeNext() // It may have been this stream's turn.
	}
	w.waiting, w.since = true, c.config.Now()
	for w.waiting {
		w.ready.Wait()
	}
}

func (w *writer) wake() {
	w.waiting = false
	w.ready.Broadcast()
}

// wakeForWindow wakes a stream that waits for its own window.
func (w *writer) wakeForWindow() {
	if w.waiting && !w.queued && w.stream.sendWindow > 0 {
		w.wake()
	}
}

func (w *writer) release() {
	w.releaseBuffer()
	w.forget()
	w.started, w.ended, w.stalled, w.switching, w.written = false, false, false, false, 0
}

func (w *writer) releaseBuffer() {
	if w.buf != nil {
		w.stream.conn.config.Buffers.Put(w.buf)
	}
	w.buf, w.n = nil, 0
}
