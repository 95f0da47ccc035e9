// SPDX-License-Identifier: Apache-2.0

package orders

import "time"

// holdLimit is the longest pause in an order that the authority has not asked for. An authority does not keep orders
// open for ever.
const holdLimit = time.Hour

// If an authority does not answer, the step is tried again after RetryStepFirst, and then after twice the pause before,
// up to RetryStepLimit.
const (
	RetryStepFirst = time.Second
	RetryStepLimit = 30 * time.Second
)

// hold is a pause in an attempt. The authority has answered a step with status 429, or has said when it can answer
// again. The order stands: giving it up would cost another one.
type hold struct {
	Until time.Time `json:"until"`
	// Times counts the holds in a row, this one included.
	Times int `json:"times"`
	// Fault is what the authority said.
	Fault string `json:"fault"`
}

// again returns the hold after h, which is nil if there was none. It lasts at least as long as the authority asks
// for. If the authority does not say, it lasts as long as the wait after a failed order, up to holdLimit.
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
