// SPDX-License-Identifier: Apache-2.0

package orders

import "time"

// pauseLimit is the longest pause in an order that the authority has not asked for. An authority does not keep orders
// open for ever.
const pauseLimit = time.Hour

// If an authority does not answer, the step is tried again after RetryStepFirst, and then after twice the pause before,
// up to RetryStepLimit.
const (
	RetryStepFirst = time.Second
	RetryStepLimit = 30 * time.Second
)

// pause is a pause in an attempt: the authority has answered a step with status 429, or has said when it can answer
// again. The order stands: giving it up would cost another one.
type pause struct {
	Until time.Time `json:"until"`
	// Times counts the pauses in a row, this one included.
	Times int `json:"times"`
	// Fault is what the authority said.
	Fault string `json:"fault"`
}

// again returns the pause after p, which is nil if there was none. It lasts at least as long as the authority asks
// for. If the authority does not say, it lasts as long as the wait after a failed order, up to pauseLimit.
func (p *pause) again(now time.Time, retryAfter time.Duration, fault string) *pause {
	next := &pause{Times: 1, Fault: fault}
	if p != nil {
		next.Times = p.Times + 1
	}
	wait := min(backoff(int32(min(next.Times, 32)), 0, 0), pauseLimit)
	if retryAfter > 0 {
		wait = max(retryAfter, min(RetryStepFirst<<min(next.Times-1, 30), RetryStepLimit))
	}
	next.Until = now.Add(wait)
	return next
}
