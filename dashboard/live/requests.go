// SPDX-License-Identifier: Apache-2.0

package live

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/observe"
)

// streamsMost is how many streams there may be at once. Each costs the data plane something with every request.
const streamsMost = 16

// ErrTooMany says that there are as many streams as there may be.
var ErrTooMany = errors.New("as many look at the requests as may at once: close another page, or wait")

// Requests are those that end while somebody looks.
type Requests struct {
	tap   *observe.Tap
	lines *observe.Lines

	// streams and counts are what requests are shown to. Only the lock's holder stores them.
	streams atomic.Pointer[[]*Stream]
	counts  atomic.Pointer[counts]

	mu sync.Mutex
	// rest ends the counting after a while in which nobody asks for counts.
	rest *time.Timer
}

// New returns the requests that a tap shows. Nobody looks yet. lines says what may be shown of a request.
func New(tap *observe.Tap, lines *observe.Lines) *Requests {
	q := &Requests{tap: tap, lines: lines}
	q.streams.Store(new([]*Stream))
	return q
}

// Watched says whether requests are looked at now.
func (q *Requests) Watched() bool { return len(*q.streams.Load()) > 0 || q.counts.Load() != nil }

// see is the watcher of the tap.
func (q *Requests) see(r *observe.Record) {
	if c := q.counts.Load(); c != nil {
		c.add(r)
	}
	for _, s := range *q.streams.Load() {
		s.offer(r)
	}
}

// adopt makes a list the streams, and watches the tap if anybody looks. The caller has the lock.
func (q *Requests) adopt(streams []*Stream) {
	q.streams.Store(&streams)
	q.retap()
}

func (q *Requests) retap() {
	if q.Watched() {
		q.tap.Watch(q.see)
	} else {
		q.tap.Watch(nil)
	}
}

// Follow returns a stream of the requests that meet a filter: at most so many a second. The caller has to close it.
func (q *Requests) Follow(f *Filter, most int) (*Stream, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	streams := *q.streams.Load()
	if len(streams) >= streamsMost {
		return nil, ErrTooMany
	}
	s := newStream(q, f, most)
	q.adopt(append(slices.Clone(streams), s))
	return s, nil
}

func (q *Requests) leave(s *Stream) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.adopt(slices.DeleteFunc(slices.Clone(*q.streams.Load()), func(other *Stream) bool { return other == s }))
}
