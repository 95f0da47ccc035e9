// SPDX-License-Identifier: Apache-2.0

package live

import (
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/observe"
)

const (
	// slot is the time in which a stream's share of a second is given out, so that no burst takes all of it. For streams
	// with less than one request in that time it is longer.
	slot = 100 * time.Millisecond
	// waiting is how many requests may wait to be read. Further ones are counted, and not shown.
	waiting = 512
	// MostASecond is how many requests a stream may show in a second.
	MostASecond = 1000
)

// Stream shows requests that meet a filter, a sample of them if there are many.
type Stream struct {
	from   *Requests
	filter *Filter
	lines  chan []byte
	// share is how many requests are shown in a slot, and every how long that is. slot is the present one, and taken how
	// many came in it.
	share       int64
	every       time.Duration
	slot, taken atomic.Int64

	ended, matched, shown atomic.Uint64
}

func newStream(from *Requests, f *Filter, most int) *Stream {
	every := max(slot, time.Second/time.Duration(most))
	return &Stream{from: from, filter: f, lines: make(chan []byte, waiting), share: max(1, int64(most)*int64(every)/int64(time.Second)), every: every}
}

// Lines has a request that ended, as an object of JSON with the fields of the access log.
func (s *Stream) Lines() <-chan []byte { return s.lines }

// Counts are what became of the requests since a stream began.
type Counts struct {
	// Ended are all. Matched are those that meet the filter, and Shown those of them that the stream had room for.
	Ended   uint64 `json:"ended"`
	Matched uint64 `json:"matched"`
	Shown   uint64 `json:"shown"`
}

// Counts returns what became of the requests.
func (s *Stream) Counts() Counts { return Counts{s.ended.Load(), s.matched.Load(), s.shown.Load()} }

// Close ends the stream.
func (s *Stream) Close() { s.from.leave(s) }

// offer shows a request if it meets the filter, and if there is room.
func (s *Stream) offer(r *observe.Record) {
	s.ended.Add(1)
	if !s.filter.admits(r) {
		return
	}
	s.matched.Add(1)
	// Two requests that begin a slot at once may both set taken to 0. Then it shows one more.
	if now := int64(r.Ended / s.every); s.slot.Swap(now) != now {
		s.taken.Store(0)
	}
	if s.taken.Add(1) > s.share || len(s.lines) == cap(s.lines) {
		return
	}
	select {
	case s.lines <- s.from.lines.Append(make([]byte, 0, 512), r):
		s.shown.Add(1)
	default:
	}
}
