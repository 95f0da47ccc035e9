// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestRetryIsAfterTheStatusesThatItNames(t *testing.T) {
	t.Parallel()
	r := compileRetry(&snapshot.Retry{Codes: []int{400, 463, 464, 503, 599}})
	for status := 0; status < 1000; status++ {
		want := status == 400 || status == 463 || status == 464 || status == 503 || status == 599
		if got := r.After(status); got != want {
			t.Errorf("after %d: %v, want %v", status, got, want)
		}
	}
	if none := compileRetry(nil); none.After(503) || none.Backoff(0) != 0 {
		t.Error("a route without a retry has one")
	}
}

func TestBackoffGrowsUpToTenTimes(t *testing.T) {
	t.Parallel()
	const least = 10 * time.Millisecond
	r := compileRetry(&snapshot.Retry{Backoff: least})
	for retry, times := range []time.Duration{1, 2, 4, 8, 10, 10, 10} {
		for range 100 {
			if d := r.Backoff(retry); d < times*least || d > times*least*3/2 {
				t.Fatalf("retry %d waits %v, want %v and up to a half more", retry, d, times*least)
			}
		}
	}
	if d := r.Backoff(1000); d < 10*least {
		t.Errorf("retry 1000 waits %v", d)
	}
}
