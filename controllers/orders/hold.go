// SPDX-License-Identifier: Apache-2.0

package orders

import "time"

// holdLimit is the longest pause between two requests of an order that the authority did not ask for: orders end some
// day.
const holdLimit = time.Hour

// An authority that does not answer is asked again after RetryStepFirst, then after twice the time each.
const (
	RetryStepFirst = time.Second
	RetryStepLimit = 30 * time.Second
)

// hold is a pause in an attempt, because the authority answers a step with 429, or says when it can answer again. What
// was ordered stands: to give it up would cost one more order.
type hold struct {
	Until time.Time `json:"until"`
	// Times is how often in a row it was so.
	Times int `json:"times"`
	// Fault are the authority's words.
	Fault string `json:"fault"`
}

// again returns the pause that follows one, or none: for as long as the authority asks, and else like that after a
// failure.
func (h *hold) again(now time.Time, retryAfter time.Duration, fault string) *hold {
	next := &hold{Times: 1, Fault: fault}
	if h != nil {
		next.Times = h.Times + 1
	}
	wait := min(backoff(int32(min(next.Times, 32)), 0, 0), holdLimit)
	if retryAfter > 0 {
		wait = max(retryAfter, min(RetryStepFirst<<min(next.Times-1, 30), RetryStepLimit))
	}
	next.Until = now.Add(wait)
	return next
}
