// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Queue has the requests that wait until an endpoint of their pool has room for a connection. The first to come is
// served first. While it is empty it costs an atomic load.
type Queue struct {
	length  atomic.Int32
	mu      sync.Mutex
	waiters []*Waiter
}

// Waiter is woken by a value in the channel. Then it may look for an endpoint: it is the first, or those before it
// found none that suits.
type Waiter struct{ Woken chan struct{} }

// Waiting returns how many requests wait.
func (q *Queue) Waiting() int { return int(q.length.Load()) }

// Join adds a waiter. It returns nil if limit are waiting already. The first one is awake.
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

// Leave takes a waiter out. It wakes the one who is first then, because there may be room for it too.
func (q *Queue) Leave(w *Waiter) {
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

// Pass makes the waiter behind w look. The endpoint that has room may be one that w has tried, or one that the hash of
// w does not lead to.
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
