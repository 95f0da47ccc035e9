// SPDX-License-Identifier: Apache-2.0

package orders

import "time"

const (
	// backoffFirst is the wait after a first failed order. Each wait after it is twice the one before, up to backoffLimit.
	backoffFirst = time.Minute
	backoffLimit = 32 * time.Hour
)

// backoff returns how long to wait after so many failures in a row. That is no less than the authority asks for. If
// certificates are known to be short-lived, the waits are shorter: a renewal begins with a third of the lifetime left,
// and several tries have to fit in.
func backoff(failures int32, retryAfter, lifetime time.Duration) time.Duration {
	wait, limit := backoffFirst, backoffLimit
	if lifetime > 0 {
		wait, limit = min(wait, lifetime/60), min(limit, lifetime/6)
	}
	for ; failures > 1 && wait < limit; failures-- {
		wait *= 2
	}
	return max(min(wait, limit), retryAfter)
}

// within returns the limit, or less if certificates are so short-lived that an order which takes that long would keep
// one from being renewed.
func within(limit, lifetime time.Duration) time.Duration {
	if lifetime == 0 {
		return limit
	}
	return min(limit, max(lifetime/6, attemptShortest))
}
