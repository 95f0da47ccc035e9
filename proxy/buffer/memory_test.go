// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"sync/atomic"
	"testing"
)

// fill takes as much as the share gets, and returns how much that is.
func fill(s Share) (taken int) {
	for s.Take(1) {
		taken++
	}
	return taken
}

func TestAShareGetsNoMoreThanItLeavesFree(t *testing.T) {
	t.Parallel()
	m := &Memory{Limit: 1200}
	var counts [4]atomic.Int64
	for i, want := range []int{600, 300, 150, 75} {
		if got := fill(m.Share(&counts[i])); got != want {
			t.Errorf("share %d got %d, want %d", i, got, want)
		}
	}
	if got := m.Taken(); got != 1125 {
		t.Errorf("%d are taken, want 1125", got)
	}
	first := m.Share(&counts[0])
	first.Give(600)
	if got := fill(m.Share(&counts[3])); got != 300 {
		t.Errorf("the last share got %d more once the first one is empty, want 300", got)
	}
	if got := fill(first); got != 187 {
		t.Errorf("the first share got %d then, want half of what is free, 187", got)
	}
}
