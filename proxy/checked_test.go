// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestThresholdsCountProbesInARow(t *testing.T) {
	t.Parallel()
	task := newChecked("t")
	task.begin(&Check{HealthyThreshold: 2, UnhealthyThreshold: 3})
	var got []Health
	for _, healthy := range []bool{true, false, true, true, false, false, true, false, false, false, true, true} {
		task.take(finding{healthy: healthy}, time.Unix(1, 0))
		got = append(got, task.health())
	}
	want := []Health{HealthUnknown, HealthUnknown, HealthUnknown, Healthy, Healthy, Healthy, Healthy, Healthy, Healthy, Unhealthy, Unhealthy, Healthy}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
