// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"
)

// pollInterval is short beside what a person notices, and long beside the requests of a poll.
const pollInterval = 100 * time.Millisecond

// waitFor calls done until it returns true. If the time is up, its error says what did not happen. If ctx ends before,
// its error is that of ctx.
func waitFor(ctx context.Context, limit time.Duration, what string, done func(context.Context) bool) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for !done(limited) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-limited.Done():
			return fmt.Errorf("%s within %s", what, limit)
		}
	}
	return nil
}
