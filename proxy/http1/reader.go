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
	// ExpireAfter bounds how long all Reads from now on may take together, until StallAfter is called. 0 is no bound.
	ExpireAfter(d time.Duration)
}

// Parker is a Transport that can wait for bytes without a buffer for them.
type Parker interface {
	// ReadParked waits until there are bytes, and only then gets a buffer of at least size bytes from buffers. It reads
	// into that and calls got with the buffer, which got then owns, and the number of bytes. While got returns true, it
	// goes on waiting. got may write to the transport and set its times, but may neither read from it nor close it.
	ReadParked(buffers *buffer.Pool, size int, got func(buf []byte, n int) (again bool)) error
}

// Exchanger is a Transport that can send a request and wait for the answer in one step. This saves a system call: a
// read that would only find that there is no answer yet.
type Exchanger interface {
	// Exchange writes request, and reads the first bytes of the answer into p. If sent is less than the request's length,
	// the error is from writing, and nothing was read. syscall.EAGAIN then means that the rest has to be written with
	// Write. p may be where the request is.
	Exchange(request, p []byte) (sent, n int, err error)
}

// reader holds what was received on a connection and not yet consumed: buf[r:w]. It has no buffer while there is
// nothing to hold.
type reader struct {
	transport Transport
	buffers   *buffer.Pool
	buf       []byte
	r, w      int
	// base is where the bytes begin that may be overwritten. Views point into the bytes before it, which are a head.
	base int
	// held is a buffer that such views point into after reading went on in another buffer.
	held []byte
	// alone is set on the client's side: nothing may follow a message unasked.
	alone bool
	// parker is the transport of a client's connection, if it can be parked. got is bound once, to save allocations.
	parker Parker
	got    func(buf []byte, n int) (again bool)
	// share is nil if heads may take any memory. counted is what share has counted, and fieldBytes the part for fields.
	share               Share
	counted, fieldBytes int
	content
}

// Buffered returns whether content or a further message can be read without waiting for the network.
func (b *reader) Buffered() bool { return b.w > b.r }

// fill reads more bytes after the buffered ones. It takes a larger buffer if there is no room.
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

// receive takes the bytes that a parked transport has read.
func (b *reader) receive(buf []byte, n int) (again bool) {
	b.buf, b.r, b.w = buf, 0, n
	return false
}

// refill reads more content when nothing is buffered, after the head that views point into.
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

// What a connection keeps for its next trailers. A peer that once sent long ones must not occupy their memory while it
// is idle.
const (
	keptTrailerBytes = 512
	keptTrailers     = 8
)

// endExchange ends all views. It moves what is buffered beyond the exchange to the front of the buffer, or gives the
// buffer back if there is nothing.
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
