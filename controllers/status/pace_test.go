// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func TestManyObjectsAreWrittenAtTheirTurnAndNoFaster(t *testing.T) {
	p, start := newPace(), time.Unix(1e9, 0)
	name := func(i int) types.NamespacedName { return types.NamespacedName{Name: fmt.Sprint(i)} }
	const objects = 1000
	writes := map[int]int{} // by second
	for at := start; at.Before(start.Add(30 * time.Second)); at = at.Add(5 * time.Millisecond) {
		for i := range objects {
			// All objects ask all the time, as if each changed all the time; each is written once for many changes.
			if p.wait(name(i), at) == 0 {
				writes[int(at.Sub(start)/time.Second)]++
			}
		}
	}
	total := 0
	for second, n := range writes {
		if total += n; n >= 50 {
			t.Errorf("%d writes in second %d, want fewer than 50", n, second)
		}
	}
	if total < 30*statusRate-statusBurst {
		t.Errorf("%d writes in 30 s, want about %d", total, 30*statusRate)
	}
}
