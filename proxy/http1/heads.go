// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// Share is a connection's share of the memory for heads beyond what nearly all heads take: large buffers of long heads,
// while those are incomplete or needed, and trailers. One goroutine at a time uses it.
type Share interface {
	// Take takes n bytes. It returns false if this connection, or all of them, would hold too much.
	Take(n int) (ok, end bool)
	// Return gives n bytes back. Rest gives back what the connection does not hold now.
	Return(n int)
	Rest()
}

const (
	// trailerAllowance is how many bytes of trailers are not counted.
	trailerAllowance = 4 << 10
	// fieldSize is what a field takes besides its name and its value. usualFields is how many fields of a head are not
	// counted. Memory for more fields is not kept for other heads.
	fieldSize   = 56
	usualFields = 64
)

// errHeadMemory is the refusal of a head or of trailers that there is no memory for.
var errHeadMemory = refuse(431, "the heads that wait take more memory than there is for them")

// take counts n more bytes that the connection holds. It returns false if that would be too much.
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

// settle counts no more than the connection still holds.
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

// takeFields counts the fields of a head, if they are more than most heads have. It returns false if that would be too
// much.
func (b *reader) takeFields(fields []message.Field) bool {
	n := (len(fields) - usualFields) * fieldSize
	if n <= 0 || !b.take(n) {
		return n <= 0
	}
	b.fieldBytes += n
	return true
}

// growTrailers makes room for at least one more byte of trailers.
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

// releaseHead ends all views of the head. What was read into its place is content.
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
