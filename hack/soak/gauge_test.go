// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestHeapMayGrowByAQuarterAndSomeMiB(t *testing.T) {
	t.Parallel()
	const mebibyte = 1 << 20
	for _, test := range []struct {
		name        string
		early, late uint64
		ok          bool
	}{
		{"smaller", 40 * mebibyte, 10 * mebibyte, true},
		{"the same", 40 * mebibyte, 40 * mebibyte, true},
		{"at the limit", 40 * mebibyte, 66 * mebibyte, true},
		{"beyond the limit", 40 * mebibyte, 66*mebibyte + 1, false},
		{"from little", 1 * mebibyte, 18 * mebibyte, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if err := checkHeap(test.early, test.late); (err == nil) != test.ok {
				t.Errorf("got %v, want ok %t", err, test.ok)
			}
		})
	}
}
