// SPDX-License-Identifier: Apache-2.0

package health

import (
	"container/heap"
	"time"
)

const (
	// namespaceRate is how many probes of a namespace begin within a second. It is enough for 5,000 tasks at the default
	// interval. Beyond it probes come later than their interval says.
	namespaceRate = 500
	// namespaceBurst is how many begin at once after a rest, for a snapshot with many new tasks.
	namespaceBurst = 1000

	betweenProbes = time.Second / namespaceRate
)

// share is the tasks of a namespace and what their probes take, so that no namespace delays another's.
type share struct {
	namespace string
	waiting   agenda
	probing   int
	// paced is when the probes so far would have ended at an even rate.
	paced time.Duration
	// place is where the share is in the order. It is notOnAgenda while none of its tasks waits, or while it is held.
	place int
	// held is set while a probe is due that has to wait for the end of others.
	held bool
}

func newShare(namespace string) *share { return &share{namespace: namespace, place: notOnAgenda} }

// next returns when the next probe of the share may begin, as far as the share alone decides.
func (s *share) next() time.Duration {
	return max(s.waiting.next().due, s.paced-namespaceBurst*betweenProbes)
}

// mayBegin returns whether the share may have one more probe run while so many places are free.
func (s *share) mayBegin(free int) bool {
	if s.probing == 0 {
		return free > 0
	}
	return s.probing < free-firstProbes
}

// begin notes that a probe begins.
func (s *share) begin(now time.Duration) {
	s.probing++
	s.paced = max(s.paced, now) + betweenProbes
}

// idle returns whether the share can be forgotten.
func (s *share) idle(now time.Duration) bool {
	return len(s.waiting) == 0 && s.probing == 0 && s.paced <= now
}

// order has the shares with tasks that wait, but for those that are held. It is a heap, by when the next probe may
// begin.
type order []*share

// first returns the share whose next probe may begin first, or nil.
func (o order) first() *share {
	if len(o) == 0 {
		return nil
	}
	return o[0]
}

// changed moves a share to its place after something of it has changed.
func (o *order) changed(s *share) {
	in, wanted := s.place != notOnAgenda, len(s.waiting) > 0 && !s.held
	switch {
	case in && wanted:
		heap.Fix((*byNext)(o), s.place)
	case in:
		heap.Remove((*byNext)(o), s.place)
	case wanted:
		heap.Push((*byNext)(o), s)
	}
}

// byNext implements heap.Interface. Each share knows its place.
type byNext []*share

func (h byNext) Len() int           { return len(h) }
func (h byNext) Less(i, j int) bool { return h[i].next() < h[j].next() }

func (h byNext) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *byNext) Push(x any) {
	s := x.(*share)
	s.place = len(*h)
	*h = append(*h, s)
}

func (h *byNext) Pop() any {
	old := *h
	s := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	s.place = notOnAgenda
	return s
}
