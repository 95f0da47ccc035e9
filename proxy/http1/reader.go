// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"io"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
)

// Transport is the byte stream below a connection: TCP, or TLS over it.
type Transport interface {
	io.ReadWriteCloser
	// CloseWrite tells the peer that no more will be sent.
	CloseWrite() error
	// StallAfter bounds how long a Read may wait for its first byte. 0 is no bound.
	StallAfter(d time.Duration)
	// ExpireAfter bounds how long all the Reads from now on may take together, until StallAfter is called. 0 is no bound.
	ExpireAfter(d time.Duration)
}

// Parker is a Transport that can wait for bytes while it holds no buffer for them.
type Parker interface {
	// ReadParked waits until there are bytes, reads them into a buffer of at least size bytes that it gets from buffers
	// only then, and calls got with that buffer, which is got's from then on, and the number of bytes read. While got
	// returns true it goes on waiting. Got may write to the transport and set its times but neither read from it nor close
	// it.
	ReadParked(buffers *buffer.Pool, size int, got func(buf []byte, n int) (again bool)) error
}

// Exchanger is a Transport that can send a request and wait for the answer in one step, which spares a system call: a
// read that would only find that there is no answer yet.
type Exchanger interface {
	// Exchange writes request and reads the first bytes of the answer into p. An error with sent less than the request's
	// length is one of writing; syscall.EAGAIN then means that the rest has to be written with Write.
	Exchange(request, p []byte) (sent, n int, err error)
}

// reader holds what was received on a connection and not yet consumed: buf[r:w]. It has no buffer while
// there is nothing to hold.
type reader struct {
	transport Transport
	buffers   *buffer.Pool
	buf       []byte
	r, w      int
	// base is where the bytes begin that may be overwritten: those before it are a head that views point into.
	base int
	// held is a buffer that such views point into after reading went on in another one.
	held []byte
	// alone is set where nothing may follow a message unasked: on the client's side.
	alone bool
	// parker is the transport of a server's answers, where it can be parked; got is bound once.
	parker Parker
	got    func(buf []byte, n int) (again bool)
	// share is nil where heads may take any memory; counted is what it has, fieldBytes of that for the head's fields.
	share               Share
	counted, fieldBytes int
	content
}

// Buffered says whether content or a further message can be read without waiting for the network.
func (b *reader) Buffered() bool { return b.w > b.r }

// fill reads more bytes behind those that are buffered, in a larger buffer where there is no room.
func (b *reader) fill() error {
	if b.buf == nil && b.parker != nil {
		return b.park()
	}
	if b.buf == nil {
		b.buf, b.r, b.w = b.buffers.Get(buffer.Small), 0, 0
	}
	if b.w == len(b.buf) {
		if !b.take(buffer.SizeOf(2*len(b.buf)) - len(b.buf)) {
			return errHeadMemory
		}
		grown := b.buffers.Get(2 * len(b.buf))
		b.w = copy(grown, b.buf)
		b.buffers.Put(b.buf)
		b.buf = grown
	}
	return b.read()
}

// park waits for the first bytes without a buffer.
func (b *reader) park() error {
	err := b.parker.ReadParked(b.buffers, buffer.Small, b.got)
	if b.buf != nil {
		return nil
	}
	return err
}

// receive takes what a parked transport brought.
func (b *reader) receive(buf []byte, n int) (again bool) {
	b.buf, b.r, b.w = buf, 0, n
	return false
}

// refill reads more content when nothing is buffered, behind the head that views point into.
func (b *reader) refill() error {
	if len(b.buf)-b.base < buffer.Small/4 || b.base == 0 && len(b.buf) > buffer.Small {
		if b.base > 0 {
			b.held = b.buf
		} else {
			b.releaseBuffer()
		}
		b.buf, b.base = b.buffers.Get(buffer.Small), 0
	}
	b.r, b.w = b.base, b.base
	return b.read()
}

func (b *reader) read() error {
	n, err := b.transport.Read(b.buf[b.w:])
	b.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// What a connection keeps for its next trailers. A peer that sent long ones once must not occupy their memory while
// it idles.
const (
	keptTrailerBytes = 512
	keptTrailers     = 8
)

// endExchange ends the life of all views. What is buffered beyond the exchange moves to the front; where there
// is nothing, the buffer goes back.
func (b *reader) endExchange() {
	if b.held != nil {
		b.buffers.Put(b.held)
		b.held = nil
	}
	if cap(b.trailerBytes) > keptTrailerBytes || cap(b.trailers) > keptTrailers {
		b.trailerBytes, b.trailers = nil, nil
	}
	b.base, b.fieldBytes = 0, 0
	if b.r == b.w {
		b.releaseBuffer()
		return
	}
	b.w = copy(b.buf, b.buf[b.r:b.w])
	b.r = 0
	b.settle()
}

func (b *reader) releaseBuffer() {
	if b.buf != nil {
		b.buffers.Put(b.buf)
	}
	b.buf, b.r, b.w, b.base = nil, 0, 0, 0
	b.settle()
}
