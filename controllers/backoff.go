// SPDX-License-Identifier: Apache-2.0

package controllers

import "time"

const (
	// backoffFirst is the wait after a first failed order, backoffLimit the longest. In between each is twice the one before.
	backoffFirst = time.Minute
	backoffLimit = 32 * time.Hour
)

// backoff returns how long to wait after so many failures in a row, and no less than the authority asks for.
func backoff(failures int32, retryAfter time.Duration) time.Duration {
	wait := backoffFirst
	for ; failures > 1 && wait < backoffLimit; failures-- {
		wait *= 2
	}
	return max(min(wait, backoffLimit), retryAfter)
}
