// SPDX-License-Identifier: Apache-2.0

package health

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestThresholdsCountProbesInARow(t *testing.T) {
	t.Parallel()
	task := newTask("t")
	task.begin(&snapshot.Check{HealthyThreshold: 2, UnhealthyThreshold: 3})
	var got []snapshot.Health
	for _, healthy := range []bool{true, false, true, true, false, false, true, false, false, false, true, true} {
		task.take(Finding{Healthy: healthy}, time.Unix(1, 0))
		got = append(got, task.Health())
	}
	want := []snapshot.Health{snapshot.HealthUnknown, snapshot.HealthUnknown, snapshot.HealthUnknown, snapshot.Healthy, snapshot.Healthy, snapshot.Healthy, snapshot.Healthy, snapshot.Healthy, snapshot.Healthy, snapshot.Unhealthy, snapshot.Unhealthy, snapshot.Healthy}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
