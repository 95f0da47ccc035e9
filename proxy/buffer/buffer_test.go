// SPDX-License-Identifier: Apache-2.0

package buffer

import "testing"

func TestBuffersComeBackInTheirSizes(t *testing.T) {
	var p Pool
	for _, n := range []int{0, 1, Small, Small + 1, Large, Large + 1, 1 << 20} {
		b := p.Get(n)
		if len(b) < n || len(b) != cap(b) {
			t.Errorf("asked for %d: got %d of %d", n, len(b), cap(b))
		}
		p.Put(b[:0])
		p.Put(b[: len(b)/2 : len(b)/2+1]) // a part of a buffer must not come back as a whole one
		for range 4 {
			if again := p.Get(n); len(again) < n {
				t.Errorf("asked for %d again: got %d", n, len(again))
			}
		}
	}
}
