// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"errors"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// writer gathers a head and content and sends them in as few writes as there are reasons to send.
// Pending bytes are out[lo:hi]; it has no buffer while there are none.
type writer struct {
	transport Transport
	buffers   *buffer.Pool
	out       []byte
	lo, hi    int
	framing   framing
	// remaining is what may still be written of a content with a length.
	remaining int64
	// holds is set where End leaves a message that is pending whole to whoever reads next; held is set once it did.
	// What is pending otherwise may belong to another goroutine, and only held tells the reader so without a look at it.
	holds, held bool
	// long is set where the buffer is a large one for the sake of a head.
	long bool
	// wide is set once content filled the room it was given: more of it moves in larger steps.
	wide bool
	// sent is set once a byte of the message left.
	sent bool
	// written counts the content's bytes.
	written int64
}

// chunkHole is the room before a chunk's data for its size line: four digits, CRLF. It suffices for any buffer
// there is but the bound of the room keeps it so.
const (
	chunkHole = 6
	chunkTail = 2
	chunkMax  = 0xffff
)

var errContentLong = errors.New("more content than the head announced")

func (w *writer) begin(how framing, length int64) {
	w.framing, w.remaining, w.wide, w.sent, w.held, w.written = how, max(length, 0), false, false, false, 0
}

// headWith returns the buffer to append a head with these fields to; setHead takes it back. A long one gets a large
// buffer at once, which goes when it is sent: content takes its time.
func (w *writer) headWith(fields []message.Field) []byte {
	if w.hi == 0 {
		size := buffer.Small/4 + sizeOf(fields) // for the first line, and what frames the message
		if size > len(w.out) && size > buffer.Small {
			w.releaseBuffer()
			w.out, w.long = w.buffers.Get(size), true
		}
	}
	return w.head()
}

// sizeOf is what fields take as lines.
func sizeOf(fields []message.Field) int {
	size := 0
	for i := range fields {
		size += len(fields[i].Name) + len(fields[i].Value) + len(": \r\n")
	}
	return size
}

// head returns the buffer to append to.
func (w *writer) head() []byte {
	if w.out == nil {
		w.out, w.lo, w.hi = w.buffers.Get(buffer.Small), 0, 0
	}
	return w.out[:w.hi]
}

func (w *writer) setHead(b []byte) {
	w.hi = len(b)
	w.out = b[:cap(b)]
}

// Room returns where the next content is to be put, at least a few hundred bytes; it sends what is pending if
// that is in the way. Advance tells how much was put there.
func (w *writer) Room() ([]byte, error) {
	if w.out != nil && len(w.out)-w.hi < 1024 {
		if err := w.Flush(); err != nil {
			return nil, err
		}
	}
	if w.wide && w.lo == w.hi && len(w.out) < buffer.Large {
		w.releaseBuffer()
		w.out = w.buffers.Get(buffer.Large)
	}
	if w.out == nil {
		w.out = w.buffers.Get(buffer.Small)
	}
	if w.framing != framedByChunks {
		return w.out[w.hi:], nil
	}
	return w.out[w.hi+chunkHole : min(len(w.out)-chunkTail, w.hi+chunkHole+chunkMax)], nil
}

// Advance makes the first n bytes of the last Room pending content.
func (w *writer) Advance(n int) error {
	if n == 0 {
		return nil
	}
	w.written += int64(n)
	switch w.framing {
	case framedByNothing:
		return errContentLong
	case framedByLength:
		if int64(n) > w.remaining {
			return errContentLong
		}
		w.remaining -= int64(n)
		w.wide = w.wide || w.hi+n == len(w.out)
		w.hi += n
	case framedByClose:
		w.wide = w.wide || w.hi+n == len(w.out)
		w.hi += n
	case framedByChunks:
		w.wide = w.wide || n >= len(w.out)-w.hi-chunkHole-chunkTail
		// The size stands right before the data. What was pending moves up to it, which is a head or nothing.
		data := w.hi + chunkHole
		size := data - 2
		w.out[size], w.out[size+1] = '\r', '\n'
		for v := n; v > 0; v >>= 4 {
			size--
			w.out[size] = "0123456789abcdef"[v&15]
		}
		pending := w.hi - w.lo
		copy(w.out[size-pending:size], w.out[w.lo:w.hi])
		w.lo = size - pending
		w.hi = data + n
		w.hi += copy(w.out[w.hi:], "\r\n")
	}
	return nil
}

// End ends the content, with trailers where the framing carries them, and sends what is pending. It returns
// an error where a content with a length came out short.
func (w *writer) End(trailers []message.Field) error {
	if w.framing == framedByLength && w.remaining > 0 {
		return errContentShort
	}
	if w.framing == framedByChunks {
		if w.hi > w.lo && sizeOf(trailers) > buffer.Small {
			// Long trailers get a buffer of their own size, which is free once what is pending has left.
			if err := w.Flush(); err != nil {
				return err
			}
		}
		b := append(w.headWith(trailers), "0\r\n"...)
		b = appendFields(b, trailers)
		w.setHead(append(b, "\r\n"...))
	}
	if w.holds && !w.sent {
		w.held = true
		return nil
	}
	err := w.Flush()
	w.releaseBuffer()
	return err
}

var errContentShort = errors.New("less content than the head announced")

// Flush sends what is pending.
func (w *writer) Flush() error {
	if w.lo == w.hi {
		return nil
	}
	n, err := w.transport.Write(w.out[w.lo:w.hi])
	w.sent = w.sent || n > 0
	w.lo, w.hi = 0, 0
	if w.long || len(w.out) != buffer.Small && len(w.out) != buffer.Large { // or a head outgrew it
		w.releaseBuffer()
	}
	return err
}

// Rest gives the room back as long as nothing is pending in it.
func (w *writer) Rest() {
	if w.lo == w.hi {
		w.releaseBuffer()
	}
}

// Written implements message.Writer.
func (w *writer) Written() int64 { return w.written }

// Sent says whether a byte of the message left.
func (w *writer) Sent() bool { return w.sent }

func (w *writer) releaseBuffer() {
	if w.out != nil {
		w.buffers.Put(w.out)
	}
	w.out, w.lo, w.hi, w.long = nil, 0, 0, false
}
