// SPDX-License-Identifier: Apache-2.0

package content

import (
	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// Tee is a second copy of a request's content, for somebody other than the endpoint. It is gathered as the content is
// read for that, and bounds nothing of it: if the content is too long or there is no memory, the tee is given up.
type Tee struct {
	memory  buffer.Share
	buffers *buffer.Pool
	// held is what is taken of the memory besides buf.
	held int
	buf  []byte
	n    int
	// over is set once ended was called.
	over  bool
	ended func(TeeEnd)
}

// TeeEnd is how the gathering of a Tee ended.
type TeeEnd uint8

const (
	// TeeWhole means that the content is whole.
	TeeWhole TeeEnd = iota
	// TeeLong means that it is longer than [TeeMost].
	TeeLong
	// TeeCrowded means that there was no memory for it.
	TeeCrowded
	// TeeTorn means that the client did not send all of it, or the endpoint did not take it.
	TeeTorn
)

// TeeMost bounds the content of a Tee, in bytes.
const TeeMost = 1 << 20

// NewTee returns a tee that holds an amount of the memory by itself. It returns nil if there is not as much. Its
// owner calls [Tee.Free] when it needs the content no more.
func NewTee(memory buffer.Share, buffers *buffer.Pool, held int) *Tee {
	if !memory.Take(held) {
		return nil
	}
	return &Tee{memory: memory, buffers: buffers, held: held, over: true}
}

// Gather has the content gathered from now on. ended is called once, by whoever reads the content.
func (t *Tee) Gather(ended func(TeeEnd)) { t.over, t.ended = false, ended }

// add adds a piece of content.
func (t *Tee) add(piece []byte) {
	need := t.n + len(piece)
	switch {
	case t.over:
		return
	case need > TeeMost:
		t.end(TeeLong)
		return
	case need > len(t.buf) && !t.grow(need):
		t.end(TeeCrowded)
		return
	}
	t.n += copy(t.buf[t.n:], piece)
}

// grow makes room for need bytes in all. It returns false if there is no memory for that.
func (t *Tee) grow(need int) bool {
	size := buffer.SizeOf(max(need, min(2*t.n, TeeMost)))
	if !t.memory.Take(size) {
		return false
	}
	grown := t.buffers.Get(size)
	copy(grown, t.buf[:t.n])
	t.drop()
	t.buf = grown
	return true
}

func (t *Tee) end(how TeeEnd) {
	if t.over {
		return
	}
	t.over = true
	t.ended(how)
}

// drop forgets the content.
func (t *Tee) drop() {
	if t.buf != nil {
		t.memory.Give(len(t.buf))
		t.buffers.Put(t.buf)
		t.buf = nil
	}
}

// Free gives the memory back.
func (t *Tee) Free() {
	t.drop()
	t.memory.Give(t.held)
	t.held = 0
}

// Len returns how long the content is.
func (t *Tee) Len() int { return t.n }

// WriteTo sends the content.
func (t *Tee) WriteTo(w message.Writer) error { return message.Write(w, t.buf[:t.n]) }

// Tee has another one get the content too, and what was gathered of it already.
func (u *Upload) Tee(t *Tee) {
	t.add(u.gathered.buf[:u.gathered.n])
	u.tees = append(u.tees, t)
}

// read reads a piece of content for the endpoint and the tees.
func (u *Upload) read(r message.Reader, room []byte) (int, error) {
	n, err := r.Read(room)
	for _, t := range u.tees {
		t.add(room[:n])
	}
	return n, err
}

// teed says whether somebody other than the endpoint wants what is read.
func (u *Upload) teed() bool {
	for _, t := range u.tees {
		if !t.over {
			return true
		}
	}
	return false
}

// endTees ends the gathering of all tees that it has not ended for.
func (u *Upload) endTees(how TeeEnd) {
	for _, t := range u.tees {
		t.end(how)
	}
}
