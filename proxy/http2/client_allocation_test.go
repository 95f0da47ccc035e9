// SPDX-License-Identifier: Apache-2.0

//go:build !race

// The race detector allocates on its own account.

package http2

import (
	"runtime"
	"testing"
)

// A request whose response has only fields that are already in the table allocates nothing. No other test may run at
// the same time, because its allocations would count.
func TestExchangesAllocateNothing(t *testing.T) {
	near, far := connected(t)
	c := serveClient(t, near, reusing())
	serveAnswers(t, far)
	req, buf := requestOf("POST", "/a/b", 5), make([]byte, 1024)
	const warm, measured = 500, 4000
	for range warm {
		exchangeOnce(t, c, req, buf)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range measured {
		exchangeOnce(t, c, req, buf)
	}
	runtime.ReadMemStats(&after)
	if each := float64(after.Mallocs-before.Mallocs) / measured; each >= 0.1 {
		t.Errorf("a request allocates %.2f times, want none", each)
	}
}
