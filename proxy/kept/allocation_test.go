//go:build !race

// SPDX-License-Identifier: Apache-2.0

package kept

import (
	"testing"
	"time"
)

func TestAskingAllocatesNothing(t *testing.T) {
	table := New[*int](64)
	secret := make([]byte, 4096)
	k := table.Key(DigestOf(secret), DigestOf(nil))
	table.Put(&k, new(int), begin, begin.Add(time.Hour))
	allocated := testing.AllocsPerRun(100, func() {
		k := table.Key(DigestOf(secret), DigestOf(nil))
		if _, ok := table.Get(&k, begin); !ok {
			t.Fatal("the value is gone")
		}
	})
	if allocated != 0 {
		t.Errorf("asking allocates %v times, want never", allocated)
	}
}
