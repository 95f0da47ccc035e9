// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"sync/atomic"
	"time"
)

// Retries are at most a fifth of a pool's requests over the last seconds. If there are few requests, retryPerSecond
// are allowed on average. That hides an endpoint that fails and does not multiply an outage.
const (
	retryShare     = 5  // one retry in so many requests
	retryPerSecond = 10 // that are always allowed
	budgetSlots    = 5
	budgetSlot     = 2 * time.Second
)

// window counts over the last 8 to 10 seconds, in slots of 2, without a lock. The upper 32 bits of a slot number its
// span of time. The lower 32 bits are the count.
type window [budgetSlots]atomic.Uint64

// Count counts a request that the pool is to serve, by the proxy's clock.
func (p *Pool) Count(now time.Duration) { p.state.requests.add(now) }

// add counts one at now, by the proxy's clock.
func (w *window) add(now time.Duration) {
	span := uint64(now / budgetSlot)
	slot := &w[span%budgetSlots]
	for {
		v := slot.Load()
		if v>>32 == span {
			slot.Add(1)
			return
		}
		if slot.CompareAndSwap(v, span<<32|1) {
			return
		}
	}
}

// sum returns what was counted in the span of now and in the four before it.
func (w *window) sum(now time.Duration) (n uint64) {
	span := uint64(now / budgetSlot)
	for i := range w {
		if v := w[i].Load(); v>>32+budgetSlots > span {
			n += v & 0xffffffff
		}
	}
	return n
}

// AllowRetry says whether the pool's budget allows one more retry now. If so, it counts it. Calls at the same time may
// exceed the budget by as many retries as there are processors.
func (p *Pool) AllowRetry(now time.Duration) bool { return p.state.allowRetry(now) }

func (p *poolState) allowRetry(now time.Duration) bool {
	const always = retryPerSecond * uint64(budgetSlots*budgetSlot/time.Second)
	if p.retries.sum(now) >= max(always, p.requests.sum(now)/retryShare) {
		return false
	}
	p.retries.add(now)
	return true
}
