// SPDX-License-Identifier: Apache-2.0

package buffer

import "sync"

// Two sizes of buffer serve every connection.
const (
	// Small is how long a buffer is that holds nearly every head and the content that comes with it.
	Small = 8 << 10
	// Large is how long a buffer is that holds the longest heads and moves content in bulk.
	Large = 64 << 10
)

// Pool lends buffers to connections. A connection has one only while it has something to put into it.
// The zero value is ready, and safe for use by many goroutines.
type Pool struct {
	small, large sync.Pool
}

// Get returns a buffer of at least n bytes, whole (len equals cap).
func (p *Pool) Get(n int) []byte {
	switch {
	case n <= Small:
		if b, ok := p.small.Get().(*[Small]byte); ok {
			return b[:]
		}
		return new([Small]byte)[:]
	case n <= Large:
		if b, ok := p.large.Get().(*[Large]byte); ok {
			return b[:]
		}
		return new([Large]byte)[:]
	}
	return make([]byte, n)
}

// SizeOf is how long the buffer is that Get returns.
func SizeOf(n int) int {
	switch {
	case n <= Small:
		return Small
	case n <= Large:
		return Large
	}
	return n
}

// Put takes a buffer back. One of another size (an append outgrew it) is left to the garbage collector.
func (p *Pool) Put(b []byte) {
	// The pool holds pointers to arrays: a slice in an interface would allocate its header anew each time.
	switch cap(b) {
	case Small:
		p.small.Put((*[Small]byte)(b[:Small]))
	case Large:
		p.large.Put((*[Large]byte)(b[:Large]))
	}
}
