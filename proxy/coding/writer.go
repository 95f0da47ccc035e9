// SPDX-License-Identifier: Apache-2.0

package coding

import (
	"io"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// Writer is a [message.Writer] that encodes content on its way to another one. The zero value has no encoder: Begin
// gets one, for one response.
type Writer struct {
	from *Encoders
	to   message.Writer
	// lent is nil without an encoder.
	lent *lent
	// room is memory for content that is not encoded yet, nil while there is none. wide is set once content has filled it:
	// more content then moves in larger steps.
	room []byte
	wide bool
	// withheld is set while the encoder has content that Flush would send.
	withheld bool
	// failed is why nothing more can be sent.
	failed error
}

// encoder is what the encoders of all codings have in common.
type encoder interface {
	io.Writer
	Flush() error
	Close() error
	Reset(io.Writer)
}

// Begin makes a response one that is encoded. What the writer is given then ends up in another one. The encoder's
// memory counts in taken, as that of all responses of the same services. If there is none, Begin changes nothing and
// returns false: the response is good as it is.
func (w *Writer) Begin(from *Encoders, taken *atomic.Int64, resp *message.Response, in message.Coding, to message.Writer) bool {
	w.Release() // A response that broke off before anything of it was sent may have one still.
	l := from.lend(in, from.Memory.Share(taken), to)
	if l == nil {
		return false
	}
	*w = Writer{from: from, to: to, lent: l}
	l.announce(resp)
	return true
}

// Room implements [message.Writer]. It returns the error of whatever could not be sent before.
func (w *Writer) Room() ([]byte, error) {
	if w.failed != nil {
		return nil, w.failed
	}
	if w.wide && len(w.room) < buffer.Large {
		w.giveRoom()
		w.room = w.from.Buffers.Get(buffer.Large)
	}
	if w.room == nil {
		w.room = w.from.Buffers.Get(buffer.Small)
	}
	return w.room, nil
}

// Advance implements [message.Writer]. It never fails, because whoever gives the content is not to blame for who takes
// it: what does not get to the client is an error of the next call.
func (w *Writer) Advance(n int) error {
	if n > 0 && w.failed == nil {
		w.wide, w.withheld = w.wide || n == len(w.room), true
		_, w.failed = w.lent.encoder.Write(w.room[:n])
	}
	return nil
}

// Flush implements [message.Writer]. The client can decode all that was given before. While nothing more comes, there
// is no buffer.
func (w *Writer) Flush() error {
	w.giveRoom()
	if w.withheld && w.failed == nil {
		w.withheld = false
		w.push(w.lent.encoder.Flush())
	}
	if w.failed != nil {
		return w.failed
	}
	return w.to.Flush()
}

// End implements [message.Writer]. It gives the encoder back before it waits for the client to take the rest.
func (w *Writer) End(trailers []message.Field) error {
	if w.failed == nil {
		w.push(w.lent.encoder.Close())
	}
	w.Release()
	if w.failed != nil {
		return w.failed
	}
	for i := range trailers {
		dropDigest(&trailers[i])
	}
	return w.to.End(trailers)
}

// Written implements [message.Writer]. It returns how much encoded content there is.
func (w *Writer) Written() int64 { return w.to.Written() }

// Release gives the encoder back, if there is one.
func (w *Writer) Release() {
	l := w.lent
	if l == nil {
		return
	}
	w.lent = nil
	w.giveRoom()
	w.from.takeBack(l)
}

// push sends on what the encoder has written, unless that has failed.
func (w *Writer) push(err error) {
	if err == nil {
		err = w.lent.sink.push()
	}
	w.failed = err
}

func (w *Writer) giveRoom() {
	if w.room != nil {
		w.from.Buffers.Put(w.room)
		w.room = nil
	}
}

// sink takes what an encoder writes, a few hundred bytes at a time, to where a response's content goes. A chunk for
// each would be longer than what it saves.
type sink struct {
	to message.Writer // nil while the encoder is idle
	// room is the last that to has lent, and n how much of it is content.
	room []byte
	n    int
}

// Write implements [io.Writer].
func (s *sink) Write(p []byte) (written int, err error) {
	for written < len(p) {
		if s.n == len(s.room) {
			if err := s.push(); err != nil {
				return written, err
			}
			if s.room, err = s.to.Room(); err != nil {
				s.room = nil
				return written, err
			}
		}
		n := copy(s.room[s.n:], p[written:])
		s.n, written = s.n+n, written+n
	}
	return written, nil
}

// push gives to what was written. The room ends with it.
func (s *sink) push() error {
	n := s.n
	s.room, s.n = nil, 0
	return s.to.Advance(n)
}
