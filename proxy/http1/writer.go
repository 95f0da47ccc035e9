// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"errors"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
)

// writer gathers a head and content, and sends them in as few writes as there are reasons to send. Pending bytes are
// out[lo:hi]. It has no buffer while there are none.
type writer struct {
	transport Transport
	buffers   *buffer.Pool
	out       []byte
	lo, hi    int
	framing   heads.Framing
	// remaining is how much may still be written of a content with a length.
	remaining int64
	// holds is set if End leaves a message that is pending as a whole to the next read. held is set once End did so. Other
	// pending bytes may belong to another goroutine, so the reader looks only at held.
	holds, held bool
	// long is set if the buffer is a large one because of a head.
	long bool
	// wide is set once content filled the room it was given: more content then moves in larger steps.
	wide bool
	// sent is set once a byte of the message was sent.
	sent bool
	// written counts the bytes of content.
	written int64
}

// chunkHole is the room before a chunk's data for its size line: four digits and CRLF. chunkMax bounds the room for
// data, so that four digits always suffice.
const (
	chunkHole = 6
	chunkTail = 2
	chunkMax  = 0xffff
)

var errContentLong = errors.New("more content than the head announced")

func (w *writer) begin(how heads.Framing, length int64) {
	w.framing, w.remaining, w.wide, w.sent, w.held, w.written = how, max(length, 0), false, false, false, 0
}

// headWith returns the buffer to append a head with these fields to. setHead takes it back. A long head gets a large
// buffer at once, which is given back when the head is sent, because content takes its time.
func (w *writer) headWith(fields []message.Field) []byte {
	if w.hi == 0 {
		size := buffer.Small/4 + sizeOf(fields) // the first line, and what frames the message
		if size > len(w.out) && size > buffer.Small {
			w.releaseBuffer()
			w.out, w.long = w.buffers.Get(size), true
		}
	}
	return w.head()
}

// sizeOf returns how many bytes fields take as lines.
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

// Room returns where the next content is to be put, at least a few hundred bytes. It first sends what is pending if
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
	if w.framing != heads.FramedByChunks {
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
	case heads.FramedByNothing:
		return errContentLong
	case heads.FramedByLength:
		if int64(n) > w.remaining {
			return errContentLong
		}
		w.remaining -= int64(n)
		w.wide = w.wide || w.hi+n == len(w.out)
		w.hi += n
	case heads.FramedByClose:
		w.wide = w.wide || w.hi+n == len(w.out)
		w.hi += n
	case heads.FramedByChunks:
		w.wide = w.wide || n >= len(w.out)-w.hi-chunkHole-chunkTail
		// The size stands directly before the data. What was pending, a head or nothing, moves up to it.
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

// End ends the content, with trailers if the framing carries them, and sends what is pending. It returns an error if a
// content with a length is too short.
func (w *writer) End(trailers []message.Field) error {
	if w.framing == heads.FramedByLength && w.remaining > 0 {
		return errContentShort
	}
	if w.framing == heads.FramedByChunks {
		if w.hi > w.lo && sizeOf(trailers) > buffer.Small {
			// Long trailers get a buffer of their own size. It is free once what is pending was sent.
			if err := w.Flush(); err != nil {
				return err
			}
		}
		b := append(w.headWith(trailers), "0\r\n"...)
		b = heads.AppendFields(b, trailers)
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
	if w.long || len(w.out) != buffer.Small && len(w.out) != buffer.Large { // or one that a head outgrew
		w.releaseBuffer()
	}
	return err
}

// Rest gives the buffer back if nothing is pending in it.
func (w *writer) Rest() {
	if w.lo == w.hi {
		w.releaseBuffer()
	}
}

// Written implements message.Writer.
func (w *writer) Written() int64 { return w.written }

// Sent returns whether a byte of the message was sent.
func (w *writer) Sent() bool { return w.sent }

func (w *writer) releaseBuffer() {
	if w.out != nil {
		w.buffers.Put(w.out)
	}
	w.out, w.lo, w.hi, w.long = nil, 0, 0, false
}
