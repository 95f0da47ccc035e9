// SPDX-License-Identifier: Apache-2.0

package translate

import "iter"

// seats are the islands that read the same, or that refer to the same pool. An island knows where its seats are. So to
// take one away costs the same however many there are: a Secret may be read by each of 10,000.
type seats []seat

// seat is an island, and which of its topics, or of its pools, the seats are of.
type seat struct {
	of  *island
	nth int
}

// without returns the seats without the one at an index. The last one comes there. seated returns where the seats of
// an island are.
func (s seats) without(at int, seated func(*island) []int) seats {
	last := len(s) - 1
	s[at] = s[last]
	seated(s[at].of)[s[at].nth] = at
	s[last] = seat{}
	return s[:last]
}

// islands has the islands that are there now, whatever becomes of the seats meanwhile.
func (s seats) islands() iter.Seq[*island] {
	now := append(seats(nil), s...)
	return func(yield func(*island) bool) {
		for _, seat := range now {
			if !yield(seat.of) {
				return
			}
		}
	}
}
