// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"testing"
	"time"
)

const (
	// patience is for what has no time limit of its own, on a machine that is busy with other tests.
	patience = time.Minute
	// pause is the time between two looks at something that has to come. restingPause is that for something that must not
	// come.
	pause        = 5 * time.Millisecond
	restingPause = 100 * time.Millisecond
)

// eventually waits until check returns nil and returns how long that took. It fails the test with the last error after
// the time limit.
func eventually(t *testing.T, limit time.Duration, what string, check func() error) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		err := check()
		took := time.Since(began)
		if err == nil {
			return took
		}
		if took > limit {
			t.Fatalf("waited %s for %s: %v", limit, what, err)
		}
		time.Sleep(pause)
	}
}

// always fails the test if check returns an error at any time while the duration lasts.
func always(t *testing.T, duration time.Duration, what string, check func() error) {
	t.Helper()
	for began := time.Now(); time.Since(began) < duration; time.Sleep(restingPause) {
		if err := check(); err != nil {
			t.Fatalf("%s, but after %s: %v", what, time.Since(began), err)
		}
	}
}
