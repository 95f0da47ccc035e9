// SPDX-License-Identifier: Apache-2.0

package headmemory

import (
	"sync"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/http2"
)

// Memory is the memory that heads may take of all connections together, beyond the little that nobody counts: heads
// of requests and responses, and their trailers, while they are incomplete, on their way, or needed again. A client can
// make a head of many kilobytes of some bytes (RFC 7541, section 2.3.2) and have it wait. A connection has its share in
// chunks, so that few requests come here.
type Memory struct {
	limit int
	// refused counts the heads that were refused and the connections that were ended, by what would have held too much.
	refused [Bounds]atomic.Uint64

	mu sync.Mutex // guards what follows
	// taken is what all have, leaving what those have who were told to end.
	taken, leaving int
	shares         map[*Share]int
}

// Bound is what would have held too much.
type Bound uint8

const (
	// Connection is the bound of one connection.
	Connection Bound = iota
	// Process is the bound of all together.
	Process
	// Bounds is how many there are.
	Bounds
)

func (b Bound) String() string { return [Bounds]string{"Connection", "Process"}[b] }

const (
	// Chunk is by what a share grows and shrinks.
	Chunk = 16 << 10
	// perConnection bounds the share of a client's connection, unless a few heads of the longest there may be are more.
	perConnection = 256 << 10
	longestHeads  = 4
	// PerEndpoint bounds the share of an endpoint's connection, which has the responses to many clients.
	PerEndpoint = 1 << 20
	// PerCrowd bounds the share of a client's connection whose heads are no longer than crowdHead each, as long as
	// half of the memory is free: a browser asks for a hundred things at once, each with the cookies of a login, and tries
	// what is refused but twice more.
	PerCrowd  = 1 << 20
	crowdHead = 12 << 10
	// Default is a sixteenth of a gibibyte, in bytes.
	Default = 64 << 20
	// Least is the least that there can be, in bytes.
	Least = 1 << 20
)

// PerConnection bounds the share of a client's connection whose heads may be so long.
func PerConnection(longest int) int { return max(perConnection, longestHeads*longest) }

// New returns memory of at most so many bytes, 0 being [Default].
func New(limit int) *Memory {
	if limit == 0 {
		limit = Default
	}
	return &Memory{limit: limit, shares: make(map[*Share]int)}
}

// Sharing returns what gives connections shares of at most so many bytes, and of as many as crowd where many heads are
// of usual length.
func (m *Memory) Sharing(limit, crowd int) func(http2.Holder) http2.Share {
	return func(holder http2.Holder) http2.Share {
		return &Share{memory: m, holder: holder, limit: limit, crowd: crowd}
	}
}

// halfFree says whether no more than half of the memory would be taken with n bytes more.
func (m *Memory) halfFree(n int) bool { return m.Held()+n <= m.limit/2 }

// Held is what connections have taken.
func (m *Memory) Held() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.taken
}

// take adds n bytes to a share. Beyond the limit, it has the connection end that has most, if that has more than this
// one would: who holds little is served while others hold a lot. Should those who were told to end take their time,
// there is a bound to what is taken before they have. Forced is set where the bytes are there already.
func (m *Memory) take(s *Share, n int, forced bool) (ok, end bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := s.taken + n
	if m.taken-m.leaving+n > m.limit {
		largest := m.largestBut(s)
		if largest == nil || largest.taken <= after {
			m.refused[Process].Add(1)
			end = s.taken > 0 && (largest == nil || largest.taken < after)
			if !forced {
				return false, end
			}
			m.end(s)
		} else {
			m.refused[Process].Add(1)
			m.end(largest)
		}
	}
	if m.taken+n > m.limit+m.limit/4 && !forced {
		m.refused[Process].Add(1)
		return false, false
	}
	if s.leaving {
		m.leaving += n
	}
	m.taken += n
	s.taken = after
	m.shares[s] = after
	return true, false
}

// largestBut returns the share that is largest, of those whose connections were not told to end, but for one.
func (m *Memory) largestBut(s *Share) (largest *Share) {
	for other := range m.shares {
		if other != s && !other.leaving && (largest == nil || other.taken > largest.taken) {
			largest = other
		}
	}
	return largest
}

// end tells a share's connection to end.
func (m *Memory) end(s *Share) {
	if s.leaving {
		return
	}
	s.leaving = true
	m.leaving += s.taken
	go s.holder.Overdraw() // which takes locks that whoever asks may hold
}

// give takes n bytes from a share.
func (m *Memory) give(s *Share, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.leaving {
		m.leaving -= n
	}
	m.taken -= n
	if s.taken -= n; s.taken == 0 {
		delete(m.shares, s)
	}
}

// Share returns the share of a connection for its own use, of at most so many bytes.
func (m *Memory) Share(holder http2.Holder, limit int) Share {
	return Share{memory: m, holder: holder, limit: limit}
}

// Refusals is how many heads were refused and connections ended by what would have held too much.
func (m *Memory) Refusals(by Bound) uint64 { return m.refused[by].Load() }

// Share is one connection's share. It implements [http2.Share], and what HTTP/1.1 has in its place.
type Share struct {
	memory *Memory
	holder http2.Holder
	// limit is what it may hold, crowd what it may hold of heads that are not long.
	limit, crowd int
	// held is what the connection says that it holds. left is set once it has ended.
	held int
	left bool
	// taken is what there is for that; leaving is set once the connection was told to end. The memory's lock guards
	// changes, and what others read.
	taken   int
	leaving bool
}

// Take implements http2.Share.
func (s *Share) Take(n int) (ok, end bool) {
	switch held := s.held + n; {
	case s.left:
		return true, false
	case held > s.limit && !s.holdsCrowd(n, held):
		s.memory.refused[Connection].Add(1)
		return false, false
	case held > s.taken:
		if ok, end := s.memory.take(s, s.missing(held), false); !ok {
			return false, end
		}
	}
	s.held += n
	return true, false
}

// holdsCrowd says whether the connection may hold more than its limit because what comes to it is not long.
func (s *Share) holdsCrowd(n, held int) bool {
	return n <= crowdHead && held <= s.crowd && s.memory.halfFree(s.missing(held))
}

// Charge implements http2.Share.
func (s *Share) Charge(n int) {
	if s.left {
		return
	}
	if s.held += n; s.held > s.taken {
		s.memory.take(s, s.missing(s.held), true)
	}
}

// missing is how much more has to be taken for so many bytes, in whole chunks.
func (s *Share) missing(held int) int {
	return (held - s.taken + Chunk - 1) / Chunk * Chunk
}

// spareChunks are what a share keeps that holds less than it did: the next request may need it.
const spareChunks = 2

// Return implements http2.Share.
func (s *Share) Return(n int) {
	if s.left {
		return
	}
	s.held -= n
	if spare := (s.taken - s.held) / Chunk * Chunk; spare > spareChunks*Chunk {
		s.memory.give(s, spare)
	}
}

// Rest gives back what is spare.
func (s *Share) Rest() {
	if spare := (s.taken - s.held) / Chunk * Chunk; spare > 0 && !s.left {
		s.memory.give(s, spare)
	}
}

// Leave implements http2.Share.
func (s *Share) Leave() {
	if s.left {
		return
	}
	s.left = true
	if s.taken > 0 {
		s.memory.give(s, s.taken)
	}
}
