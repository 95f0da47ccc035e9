// SPDX-License-Identifier: Apache-2.0

package orders

import "time"

const (
	// backoffFirst is the wait after a first failed order, backoffLimit the longest. In between each is twice the one
	// before.
	backoffFirst = time.Minute
	backoffLimit = 32 * time.Hour
)

// backoff returns how long to wait after so many failures in a row, and no less than the authority asks for. A
// certificate is renewed with a third of its lifetime left: where that is known to be short, the waits are, so that it
// is tried several times before the end.
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

// within returns a limit of time for an order, or less where certificates live so short that it would keep one from
// being renewed.
func within(limit, lifetime time.Duration) time.Duration {
	if lifetime == 0 {
		return limit
	}
	return min(limit, max(lifetime/6, attemptShortest))
}
