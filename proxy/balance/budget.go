// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"sync/atomic"
	"time"
)

// Retries are at most a fifth of a pool's requests over the last seconds, or a few a second where there are few
// requests: enough to hide an endpoint that fails, and too few to multiply an outage.
const (
	retryShare     = 5  // one retry in so many requests
	retryPerSecond = 10 // that are always allowed
	budgetSlots    = 5
	budgetSlot     = 2 * time.Second
)

// window counts over the last 10 seconds, in slots of 2, without a lock. A slot is the number of its span of time and
// below it, in 32 bits, the count.
type window [budgetSlots]atomic.Uint64

// Count counts a request that the pool is to serve, by the proxy's clock.
func (p *Pool) Count(now time.Duration) { p.state.requests.add(now) }

// add counts one at a time by the proxy's clock.
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

// sum is what was counted in the span of now and the four before it.
func (w *window) sum(now time.Duration) (n uint64) {
	span := uint64(now / budgetSlot)
	for i := range w {
		if v := w[i].Load(); v>>32+budgetSlots > span {
			n += v & 0xffffffff
		}
	}
	return n
}

// AllowRetry says whether the pool can afford one more retry now, and counts it. Several at once may overdraw it by as
// many as there are processors.
func (p *Pool) AllowRetry(now time.Duration) bool { return p.state.allowRetry(now) }

func (p *poolState) allowRetry(now time.Duration) bool {
	const always = retryPerSecond * uint64(budgetSlots*budgetSlot/time.Second)
	if p.retries.sum(now) >= max(always, p.requests.sum(now)/retryShare) {
		return false
	}
	p.retries.add(now)
	return true
}
