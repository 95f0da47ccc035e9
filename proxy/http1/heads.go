// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// Share is a connection's share of the memory that heads may take beyond what nearly all take: the large buffers of
// long ones, while they are incomplete or needed, and trailers. It is used by one goroutine at a time.
type Share interface {
	// Take takes n bytes. It says false where this connection, or all of them, would hold too much.
	Take(n int) (ok, end bool)
	// Return gives n bytes back, and Rest what the connection does not hold now.
	Return(n int)
	Rest()
}

const (
	// trailerAllowance is what trailers may take that nobody counts.
	trailerAllowance = 4 << 10
	// fieldSize is what a field takes besides its name and its value, usualFields how many of a head nobody counts. Memory
	// for more is kept for no other head.
	fieldSize   = 56
	usualFields = 64
)

// take has the connection hold n bytes more.
func (b *reader) take(n int) bool {
	if n <= 0 || b.share == nil {
		return true
	}
	ok, _ := b.share.Take(n)
	if ok {
		b.counted += n
	}
	return ok
}

// settle has the connection hold no more than there is.
func (b *reader) settle() {
	if b.counted == 0 {
		return
	}
	size := max(0, len(b.buf)-buffer.Small) + max(0, len(b.held)-buffer.Small) +
		max(0, cap(b.trailerBytes)-trailerAllowance) + b.fieldBytes
	if size >= b.counted {
		return
	}
	b.share.Return(b.counted - size)
	if b.counted = size; size == 0 {
		b.share.Rest()
	}
}

// takeFields has the connection hold the fields of a head, if they are more than most have.
func (b *reader) takeFields(fields []message.Field) bool {
	n := (len(fields) - usualFields) * fieldSize
	if n <= 0 || !b.take(n) {
		return n <= 0
	}
	b.fieldBytes += n
	return true
}

// growTrailers makes room for a byte of trailers.
func (b *reader) growTrailers() error {
	n := max(keptTrailerBytes, min(2*cap(b.trailerBytes), b.limits.HeadBytes))
	if !b.take(n - max(trailerAllowance, cap(b.trailerBytes))) {
		return errHeadMemory
	}
	grown := make([]byte, len(b.trailerBytes), n)
	copy(grown, b.trailerBytes)
	b.trailerBytes = grown
	return nil
}

// releaseHead ends all views of the head: what was read into its place is content.
func (b *reader) releaseHead() {
	if b.held != nil {
		b.buffers.Put(b.held)
		b.held = nil
	}
	b.base, b.fieldBytes = 0, 0
	if !b.Buffered() && len(b.buf) > buffer.Small {
		b.releaseBuffer()
	}
	b.settle()
}
