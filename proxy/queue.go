// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"slices"
	"sync"
	"sync/atomic"
)

// queue is the requests that wait until an endpoint of their pool has a connection to spare, first come, first served.
// While it is empty it costs an atomic load.
type queue struct {
	length  atomic.Int32
	mu      sync.Mutex
	waiters []*waiter
}

// waiter is woken, by a value in the channel, when it may look for an endpoint: it is first, or there is none for those
// before it.
type waiter struct{ woken chan struct{} }

// waiting is how many requests wait.
func (q *queue) waiting() int { return int(q.length.Load()) }

// join adds a waiter, or returns nil where there are that many already. The first one is awake.
func (q *queue) join(limit int) *waiter {
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

// leave takes a waiter out and wakes who is first then, for whom there may be room too.
func (q *queue) leave(w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiters, w); i >= 0 {
		q.waiters = slices.Delete(q.waiters, i, i+1)
	}
	q.length.Store(int32(len(q.waiters)))
	q.wakeFirst()
}

// wake has the first look again.
func (q *queue) wake() {
	if q.length.Load() == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wakeFirst()
}

// pass has the next one behind a waiter look: what has room may be an endpoint that the waiter has tried, or that its
// hash is not for.
func (q *queue) pass(w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiters, w); i >= 0 && i+1 < len(q.waiters) {
		q.waiters[i+1].wake()
	}
}

func (q *queue) wakeFirst() {
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
