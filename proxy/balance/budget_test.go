// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"testing"
	"time"
)

func TestRetriesAreAFifthOfTheRequestsOfTheLastTenSecondsOrTenASecond(t *testing.T) {
	t.Parallel()
	const at = time.Hour
	for _, test := range []struct {
		requests int
		later    time.Duration
		want     int
	}{
		{0, 0, 100},
		{400, 0, 100},
		{1000, 0, 200},
		{1000, 9 * time.Second, 200},
		{1000, 10 * time.Second, 100},
	} {
		p := &poolState{}
		for range test.requests {
			p.requests.add(at)
		}
		allowed := 0
		for range 1000 {
			if p.allowRetry(at + test.later) {
				allowed++
			}
		}
		if allowed != test.want {
			t.Errorf("%d retries for %d requests of %s ago, want %d", allowed, test.requests, test.later, test.want)
		}
		// What was spent comes back with time.
		if !p.allowRetry(at + test.later + 10*time.Second) {
			t.Errorf("no retry ten seconds after %d", allowed)
		}
	}
}
