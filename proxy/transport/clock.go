// SPDX-License-Identifier: Apache-2.0

package transport

import "time"

// Clock tells the time since the process began. This costs half of what the time of day costs.
type Clock struct{ Start time.Time }

// NewClock returns a clock that begins now.
func NewClock() Clock { return Clock{time.Now()} }

// Now returns the time since the clock began.
func (c Clock) Now() time.Duration { return time.Since(c.Start) }

// Dates returns a function from a time of the clock to the time of day. It uses the present time of day, because that
// may have been set since the process began.
func (c Clock) Dates() func(time.Duration) time.Time {
	day, now := time.Now(), c.Now()
	return func(at time.Duration) time.Time { return day.Add(at - now) }
}
