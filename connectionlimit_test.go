// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"testing"
)

func TestConnectionsFollowTheLimitsOfTheProcess(t *testing.T) {
	const unlimited = math.MaxUint64
	for _, test := range []struct {
		name        string
		wanted      int
		descriptors uint64
		memory      int64
		want        int
	}{
		{"no limit", 0, unlimited, math.MaxInt64, 0},
		{"memory", 0, 1 << 20, 1 << 30, 21845},
		{"descriptors, of which a twentieth is kept", 0, 512, math.MaxInt64, 423},
		{"the lower of both", 0, 512, 1 << 30, 423},
		{"very few descriptors", 0, 20, math.MaxInt64, 64},
		{"very little memory", 0, unlimited, 1 << 20, 64},
		{"the flag", 1000, 1 << 20, 1 << 30, 1000},
		{"the flag, whatever the memory", 100_000, 1 << 20, 1 << 30, 100_000},
		{"the flag, beyond the descriptors", 1000, 512, 1 << 30, 423},
		{"a small flag", 10, 512, 1 << 30, 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := mostConnections(test.wanted, test.descriptors, test.memory); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
