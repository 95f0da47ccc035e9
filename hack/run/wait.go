// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"
)

// pollInterval is short beside what a person notices, and long beside the requests that a poll makes.
const pollInterval = 100 * time.Millisecond

// waitFor calls done until it returns true. Its error says what did not happen when the time is up, and is ctx's when
// that ends before.
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
