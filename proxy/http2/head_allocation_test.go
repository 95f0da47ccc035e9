// SPDX-License-Identifier: Apache-2.0

//go:build !race

// The race detector allocates on its own account.

package http2

import (
	"runtime"
	"strings"
	"testing"
)

// A head of 58 KB costs a client some bytes each time. It leaves little garbage, and no more than itself where its
// memory is not lent: what clients can make the garbage collector do, others wait for. This does not run beside other
// tests, whose allocations it would count.
func TestLongHeadsLeaveLittleGarbage(t *testing.T) {
	config := reusing()
	config.Limits = Limits{HeadBytes: 64 << 10, LineBytes: 16 << 10, Fields: 100}
	fields := []string{":method", "GET", ":scheme", "https", ":path", "/", ":authority", "a"}
	for range 15 {
		fields = append(fields, "x", strings.Repeat("y", 3900))
	}
	block := blockOf(t, fields...)
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

	var h headReader
	h.init(config)
	s := Stream{}
	s.conn = &conn{config: config}
	if left := leaves(func() {
		h.begin(&s.Request)
		h.arena = s.arena[:0]
		if h.decode(block) != nil || h.finish(true) != nil {
			t.Fatal("a head is not read")
		}
		s.arena = h.arena
		h.end()
		s.dropArena()
	}); left > 16<<10 {
		t.Errorf("a head leaves %d bytes of garbage", left)
	}

	var r responseReader
	r.init(config)
	answer := blockOf(t, append([]string{":status", "200"}, fields[8:]...)...)
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
