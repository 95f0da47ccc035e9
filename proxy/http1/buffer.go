package http1

import "sync"

// Two sizes of buffer serve every connection: a small one holds nearly every head and the content that
// comes with it; a large one holds the longest heads and moves content in bulk.
const (
	smallBuffer = 8 << 10
	largeBuffer = 64 << 10
)

// Buffers lends buffers to connections. A connection has one only while it has something to put into it.
// The zero value is ready, and safe for use by many goroutines.
type Buffers struct {
	small, large sync.Pool
}

// Get returns a buffer of at least n bytes, whole (len equals cap).
func (p *Buffers) Get(n int) []byte {
	switch {
	case n <= smallBuffer:
		if b, ok := p.small.Get().(*[smallBuffer]byte); ok {
			return b[:]
		}
		return new([smallBuffer]byte)[:]
	case n <= largeBuffer:
		if b, ok := p.large.Get().(*[largeBuffer]byte); ok {
			return b[:]
		}
		return new([largeBuffer]byte)[:]
	}
	return make([]byte, n)
}

// sizeOfBuffer is how long the buffer is that Get returns.
func sizeOfBuffer(n int) int {
	switch {
	case n <= smallBuffer:
		return smallBuffer
	case n <= largeBuffer:
		return largeBuffer
	}
	return n
}

// Put takes a buffer back. One of another size (an append outgrew it) is left to the garbage collector.
func (p *Buffers) Put(b []byte) {
	// The pool holds pointers to arrays: a slice in an interface would allocate its header anew each time.
	switch cap(b) {
	case smallBuffer:
		p.small.Put((*[smallBuffer]byte)(b[:smallBuffer]))
	case largeBuffer:
		p.large.Put((*[largeBuffer]byte)(b[:largeBuffer]))
	}
}
