// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Queue is the requests that wait until an endpoint of their pool has a connection to spare, first come, first served.
// While it is empty it costs an atomic load.
type Queue struct {
	length  atomic.Int32
	mu      sync.Mutex
	waiters []*Waiter
}

// Waiter is woken, by a value in the channel, when it may look for an endpoint: it is first, or there is none for those
// before it.
type Waiter struct{ Woken chan struct{} }

// Waiting is how many requests wait.
func (q *Queue) Waiting() int { return int(q.length.Load()) }

// Join adds a waiter, or returns nil where there are that many already. The first one is awake.
func (q *Queue) Join(limit int) *Waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiters) >= limit {
		return nil
	}
	w := &Waiter{Woken: make(chan struct{}, 1)}
	q.waiters = append(q.waiters, w)
	q.length.Store(int32(len(q.waiters)))
	q.wakeFirst()
	return w
}

// Leave takes a waiter out and wakes who is first then, for whom there may be room too.
func (q *Queue) Leave(w *Waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiters, w); i >= 0 {
		q.waiters = slices.Delete(q.waiters, i, i+1)
	}
	q.length.Store(int32(len(q.waiters)))
	q.wakeFirst()
}

// wake has the first look again.
func (q *Queue) wake() {
	if q.length.Load() == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wakeFirst()
}

// Pass has the next one behind a waiter look: what has room may be an endpoint that the waiter has tried, or that its
// hash is not for.
func (q *Queue) Pass(w *Waiter) {
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

func (w *Waiter) wake() {
	select {
	case w.Woken <- struct{}{}:
	default:
	}
}
