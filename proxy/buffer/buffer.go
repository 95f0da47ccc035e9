// SPDX-License-Identifier: Apache-2.0

package buffer

import "sync"

// Two sizes of buffer serve every connection.
const (
	// Small is the length of a buffer that holds nearly every head and the content that comes with it.
	Small = 8 << 10
	// Large is the length of a buffer that holds the longest heads and moves content in bulk.
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

// SizeOf returns the length of the buffer that Get returns for n.
func SizeOf(n int) int {
	switch {
	case n <= Small:
		return Small
	case n <= Large:
		return Large
	}
	return n
}

// Put takes a buffer back. It leaves one of another size to the garbage collector, as when an append outgrew it.
func (p *Pool) Put(b []byte) {
	// The pool holds pointers to arrays: a slice in an interface would allocate its header anew each time.
	switch cap(b) {
	case Small:
		p.small.Put((*[Small]byte)(b[:Small]))
	case Large:
		p.large.Put((*[Large]byte)(b[:Large]))
	}
}
