// SPDX-License-Identifier: Apache-2.0

package snapshots

import (
	"context"
	"sync"
	"time"
)

// HoldOff gathers events until it is time to act on all of them at once. That is when none has come for the time quiet,
// so that a burst costs one build. It is no later than limit after the first event, so that an endless burst delays
// none for long. Builds are therefore at least quiet apart.
//
// It takes the time from package time only, so that tests can run it in a synctest bubble.
type HoldOff struct {
	quiet, limit time.Duration
	// wake holds a token once there is an event that wait may not have seen.
	wake chan struct{}

	mu sync.Mutex
	// first and last are when the first and the last event came of those not acted on yet. first is zero if there are
	// none.
	first, last time.Time
}

// NewHoldOff returns a HoldOff for the events that lead to builds.
func NewHoldOff() *HoldOff { return NewHoldOffOf(quietTime, waitLimit) }

// NewHoldOffOf returns a HoldOff with other times.
func NewHoldOffOf(quiet, limit time.Duration) *HoldOff {
	return &HoldOff{quiet: quiet, limit: limit, wake: make(chan struct{}, 1)}
}

// Event notes that something happened. It never blocks.
func (h *HoldOff) Event() {
	h.mu.Lock()
	h.last = time.Now()
	if h.first.IsZero() {
		h.first = h.last
	}
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// wait blocks until it is time to act on the events that came, and forgets them. An event that comes while they are
// acted on is the first of the next ones. wait returns false once ctx is done.
func (h *HoldOff) wait(ctx context.Context) bool {
	for {
		due, pending := h.take(time.Now())
		switch {
		case pending && due <= 0:
			return ctx.Err() == nil
		case pending:
			timer := time.NewTimer(due)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return false
			}
		default:
			select {
			case <-h.wake:
			case <-ctx.Done():
				return false
			}
		}
	}
}

// take returns the time until the events are acted on. It forgets them if that time has come.
func (h *HoldOff) take(now time.Time) (due time.Duration, pending bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.first.IsZero() {
		return 0, false
	}
	due = min(h.last.Add(h.quiet).Sub(now), h.first.Add(h.limit).Sub(now))
	if due <= 0 {
		h.first = time.Time{}
	}
	return due, true
}
