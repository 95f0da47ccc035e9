// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Queue has the requests that wait until an endpoint of their pool has room for a connection. The first to come is
// served first. While it is empty it costs an atomic load.
type Queue struct {
	length  atomic.Int32
	mu      sync.Mutex
	waiters []*waiter
}

// waiter is woken by a value in the channel. Then it may look for an endpoint: it is the first, or those before it
// found none that suits.
type waiter struct{ woken chan struct{} }

// Wait says how the wait for an endpoint with room ended.
type Wait uint8

const (
	// WaitOver means that there is one, or that there is none whatever room there is.
	WaitOver Wait = iota
	// WaitRefused means that too many wait already.
	WaitRefused
	// WaitLate means that the time is over.
	WaitLate
	// WaitEnded means that nobody waits any more.
	WaitEnded
)

// Await waits until look returns false. It calls it whenever there may be an endpoint with room, and look returns
// whether all of them are full. At most most requests wait. Await gives up after bound, unless that is 0, and once
// ended is closed.
func (q *Queue) Await(most int, bound time.Duration, ended <-chan struct{}, look func() (full bool)) Wait {
	w := q.join(most)
	if w == nil {
		return WaitRefused
	}
	defer q.leave(w)
	var late <-chan time.Time
	if bound > 0 {
		timer := time.NewTimer(bound)
		defer timer.Stop()
		late = timer.C
	}
	for {
		select {
		case <-w.woken:
		case <-late:
			return WaitLate
		case <-ended:
			return WaitEnded
		}
		if !look() {
			return WaitOver
		}
		q.pass(w)
	}
}

// Waiting returns how many requests wait.
func (q *Queue) Waiting() int { return int(q.length.Load()) }

// join adds a waiter. It returns nil if limit are waiting already. The first one is awake.
func (q *Queue) join(limit int) *waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiters) >= limit {
		return nil
	}
	w := &waiter{woken: make(chan struct{}, 1)}
	q.waiters = append(q.waiters, w)
	q.length.Store(int32(len(q.waiters)))
	q.wakeFirst()
	return w
}

// leave takes a waiter out. It wakes the one who is first then, because there may be room for it too.
func (q *Queue) leave(w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiters, w); i >= 0 {
		q.waiters = slices.Delete(q.waiters, i, i+1)
	}
	q.length.Store(int32(len(q.waiters)))
	q.wakeFirst()
}

// wake makes the first waiter look again.
func (q *Queue) wake() {
	if q.length.Load() == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wakeFirst()
}

// pass makes the waiter behind w look. The endpoint that has room may be one that w has tried, or one that the hash of
// w does not lead to.
func (q *Queue) pass(w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiters, w); i >= 0 && i+1 < len(q.waiters) {
		q.waiters[i+1].wake()
	}
}

func (q *Queue) wakeFirst() {
	if len(q.waiters) > 0 {
		q.waiters[0].wake()
	}
}

func (w *waiter) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}
