// SPDX-License-Identifier: Apache-2.0

package content

import (
	"errors"
	"io"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// Whole is the content of an answer of which nobody gets anything before all of it is there.
type Whole struct {
	gathered gathered
	// held is what is taken of the memory besides the content.
	held int
}

// The reasons why a content is given up that its sender would have sent.
var (
	ErrLong    = errors.New("the content is too long")
	ErrCrowded = errors.New("there is no memory for the content")
)

// NewWhole returns an empty content that holds an amount of the memory by itself. It returns nil if there is not as
// much. Its owner calls [Whole.Free] when it needs the content no more.
func NewWhole(memory buffer.Share, buffers *buffer.Pool, held int) *Whole {
	if !memory.Take(held) {
		return nil
	}
	return &Whole{gathered: gathered{memory: memory, buffers: buffers}, held: held}
}

// Gather reads a content to its end, in place of what was gathered before. It returns [ErrLong] if there are more than
// most bytes, [ErrCrowded] if there is no memory for them, or the reader's error.
func (w *Whole) Gather(r message.Reader, most int64) error {
	g := &w.gathered
	g.n = 0
	var beyond [1]byte
	for !r.Ended() {
		room := beyond[:]
		if int64(g.n) < most {
			if room = g.room(most); room == nil {
				return ErrCrowded
			}
		}
		n, err := r.Read(room)
		if err != nil && err != io.EOF {
			return err
		}
		if int64(g.n) == most && n > 0 {
			return ErrLong
		}
		g.n += n
	}
	return nil
}

// Len returns how long the content is.
func (w *Whole) Len() int { return w.gathered.n }

// WriteTo sends the content.
func (w *Whole) WriteTo(to message.Writer) error {
	return message.Write(to, w.gathered.buf[:w.gathered.n])
}

// Free gives the memory back.
func (w *Whole) Free() {
	w.gathered.free()
	w.gathered.memory.Give(w.held)
	w.gathered.n, w.held = 0, 0
}
