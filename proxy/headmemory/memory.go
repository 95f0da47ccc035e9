// SPDX-License-Identifier: Apache-2.0

package headmemory

import (
	"sync"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/http2"
)

// Memory is the memory that the heads of all connections together may take, beyond a small part that is not counted. It
// is for the heads of requests and responses, and for trailers, while they are incomplete, on their way, or needed
// again. With a few bytes, a client can make a head of many kilobytes (RFC 7541, section 2.3.2) and have it wait. A
// connection takes its share in chunks, so that most requests need not come here.
type Memory struct {
	limit int
	// refused counts the refused heads and the ended connections, by the bound that would have been exceeded.
	refused [Bounds]atomic.Uint64

	mu sync.Mutex // guards the following fields
	// taken is what all connections have. leaving is the part of those that were told to end.
	taken, leaving int
	shares         map[*Share]int
}

// Bound is a bound that would have been exceeded.
type Bound uint8

const (
	// Connection is the bound of one connection.
	Connection Bound = iota
	// Process is the bound of all connections together.
	Process
	// Bounds is how many bounds there are.
	Bounds
)

func (b Bound) String() string { return [Bounds]string{"Connection", "Process"}[b] }

const (
	// Chunk is the step by which a share grows and shrinks.
	Chunk = 16 << 10
	// perConnection bounds the share of a client's connection, unless longestHeads heads of the greatest length take more.
	perConnection = 256 << 10
	longestHeads  = 4
	// PerEndpoint bounds the share of an endpoint's connection, which carries the responses to many clients.
	PerEndpoint = 1 << 20
	// PerCrowd bounds the share of a client's connection whose heads are at most crowdHead long each, as long as half of
	// the memory is free. A browser asks for a hundred things at once, each with the cookies of a login. It repeats what
	// is refused only twice.
	PerCrowd  = 1 << 20
	crowdHead = 12 << 10
	// Default is a sixteenth of a gibibyte, in bytes.
	Default = 64 << 20
	// Least is the least limit that can be set, in bytes.
	Least = 1 << 20
)

// PerConnection returns the bound of a client's connection if heads may be as long as longest.
func PerConnection(longest int) int { return max(perConnection, longestHeads*longest) }

// New returns memory of at most limit bytes. 0 stands for [Default].
func New(limit int) *Memory {
	if limit == 0 {
		limit = Default
	}
	return &Memory{limit: limit, shares: make(map[*Share]int)}
}

// Sharing returns a function that gives each connection a share of at most limit bytes, and of at most crowd bytes for
// many heads of usual length.
func (m *Memory) Sharing(limit, crowd int) func(http2.Holder) http2.Share {
	return func(holder http2.Holder) http2.Share {
		return &Share{memory: m, holder: holder, limit: limit, crowd: crowd}
	}
}

// halfFree returns whether half of the memory would still be free with n more bytes taken.
func (m *Memory) halfFree(n int) bool { return m.Held()+n <= m.limit/2 }

// Held returns what all connections have taken.
func (m *Memory) Held() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.taken
}

// take adds n bytes to a share. Beyond the limit, it ends the connection that has most, if that has more than this one
// would have: connections that hold little are served while others hold a lot. Connections that were told to end may
// take their time, so another bound limits what is taken until they have. forced is set if the bytes are there already.
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

// largestBut returns the largest share other than s of the connections that were not told to end.
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
	go s.holder.Overdraw() // Overdraw takes locks that the caller may hold.
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

// Share returns the share of a connection for its own use, of at most limit bytes.
func (m *Memory) Share(holder http2.Holder, limit int) Share {
	return Share{memory: m, holder: holder, limit: limit}
}

// Refusals returns how many heads were refused and connections ended because of a bound.
func (m *Memory) Refusals(by Bound) uint64 { return m.refused[by].Load() }

// Share is one connection's share. It implements [http2.Share], and the corresponding type of HTTP/1.1.
type Share struct {
	memory *Memory
	holder http2.Holder
	// limit is what the connection may hold. crowd is what it may hold of heads that are not long.
	limit, crowd int
	// held is what the connection says that it holds. left is set once it has ended.
	held int
	left bool
	// taken is how much of the memory the share has for that. leaving is set once the connection was told to end. The
	// memory's lock guards changes, and reads by others.
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

// holdsCrowd returns whether the connection may hold more than limit because the next head is not long.
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

// missing returns how much more has to be taken to hold that many bytes, in whole chunks.
func (s *Share) missing(held int) int {
	return (held - s.taken + Chunk - 1) / Chunk * Chunk
}

// spareChunks is how many chunks a share keeps when it holds less than before: the next request may need them.
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

// Rest gives back the chunks that are not needed now.
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
