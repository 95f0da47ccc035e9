package proxy

import "time"

// clock tells the time since the process began, which costs half of what the time of day does.
type clock struct{ start time.Time }

func newClock() clock { return clock{time.Now()} }

func (c clock) now() time.Duration { return time.Since(c.start) }

// dates returns what tells the time of day that a time was at. The time of day may have been set since the process
// began.
func (c clock) dates() func(time.Duration) time.Time {
	day, now := time.Now(), c.now()
	return func(at time.Duration) time.Time { return day.Add(at - now) }
}
