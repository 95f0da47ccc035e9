// SPDX-License-Identifier: Apache-2.0

package buffer

import "sync/atomic"

// Memory is memory that all requests may take together for one purpose. It bounds that, and does not lend it.
type Memory struct {
	// Limit is in bytes.
	Limit int64
	taken atomic.Int64
}

// Taken returns how many bytes are taken.
func (m *Memory) Taken() int64 { return m.taken.Load() }

// Share is what some requests have of the memory, for instance those for the services of one namespace.
type Share struct {
	memory *Memory
	taken  *atomic.Int64
}

// Share returns the share of the requests that are counted in taken.
func (m *Memory) Share(taken *atomic.Int64) Share { return Share{m, taken} }

// Take takes n bytes, or returns false. A share may have as much as is free then: half of the memory if it is the only
// one, a third each if there are two. So there is always something left for the next one, and clients that take their
// time leave the requests of others alone.
func (s Share) Take(n int) bool {
	bytes := int64(n)
	if free := s.memory.Limit - s.memory.taken.Add(bytes); s.taken.Add(bytes) <= free {
		return true
	}
	s.Give(n)
	return false
}

// Give gives n bytes back.
func (s Share) Give(n int) {
	s.taken.Add(-int64(n))
	s.memory.taken.Add(-int64(n))
}
