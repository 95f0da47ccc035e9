// SPDX-License-Identifier: Apache-2.0

//go:build !race

// The race detector allocates on its own account.

package http2

import (
	"runtime"
	"strings"
	"testing"
)

// A long head costs a client a few bytes each time. It leaves little garbage, and not much more than its own size if
// its memory is not lent: others wait for what clients make the garbage collector do. No other test may run at the same
// time, because its allocations would count.
func TestLongHeadsLeaveLittleGarbage(t *testing.T) {
	begin := []string{":method", "GET", ":scheme", "https", ":path", "/", ":authority", "a"}
	repeated := func(n int, name string, length int) (fields []string) {
		for range n {
			fields = append(fields, name, strings.Repeat("y", length))
		}
		return fields
	}
	const measured = 200
	leaves := func(read func()) uint64 {
		var before, after runtime.MemStats
		read()
		runtime.ReadMemStats(&before)
		for range measured {
			read()
		}
		runtime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) / measured
	}
	config := reusing()
	for _, test := range []struct {
		name      string
		headBytes int
		fields    []string
		most      uint64
	}{
		{"58 KB", 64 << 10, repeated(15, "x", 3900), 16 << 10},
		{"30 KB", 64 << 10, repeated(8, "x", 3800), 48 << 10},
		{"a cookie of 58 KB in pieces", 64 << 10, repeated(15, "cookie", 3900), 16 << 10},
		{"a cookie that does not fit behind 30 KB", 64 << 10, append(repeated(8, "x", 3800), repeated(7, "cookie", 3900)...), 96 << 10},
		{"90 KB", 1 << 20, repeated(23, "x", 3900), 256 << 10},
	} {
		config.Limits = Limits{HeadBytes: test.headBytes, LineBytes: 16 << 10, Fields: 100}
		block := blockOf(t, append(begin[:len(begin):len(begin)], test.fields...)...)
		var h headReader
		h.init(config)
		s := Stream{}
		s.conn = &conn{config: config}
		if left := leaves(func() {
			h.begin(&s.Request)
			h.arena = s.arena[:0]
			if h.decode(block) != nil || h.finish(true) != nil {
				t.Fatalf("a head of %s is not read", test.name)
			}
			s.arena = h.arena
			h.end()
			s.dropArena()
		}); left > test.most {
			t.Errorf("a head of %s leaves %d bytes of garbage, want %d at most", test.name, left, test.most)
		}
	}

	config.Limits = Limits{HeadBytes: 64 << 10, LineBytes: 16 << 10, Fields: 100}
	var r responseReader
	r.init(config)
	answer := blockOf(t, append([]string{":status", "200"}, repeated(15, "x", 3900)...)...)
	if left := leaves(func() {
		r.begin(true, false)
		if r.decode(answer) != nil || r.finish(true, false) != nil {
			t.Fatal("a response is not read")
		}
		r.end()
	}); left > 80<<10 {
		t.Errorf("the head of a response leaves %d bytes of garbage", left)
	}
}
