// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/fixture"
)

// However fast Tasks change, builds are some time apart and statuses are written at a bounded rate. In the end the last
// change is served, and is what the statuses say.
func TestManyChangesAtOnceAreFewBuildsAndFewWrites(t *testing.T) {
	t.Parallel()
	const tasks, changes = 30, 10
	k := newCluster(t)
	k.Make(fixture.Ingress(k.Blue, "shop", "x.io", "api"))
	all := make([]*v1alpha1.Task, tasks)
	for i := range all {
		all[i] = fixture.Task(k.Blue, fmt.Sprintf("task-%02d", i), "api", fmt.Sprintf("10.0.0.%d", i+1))
		k.Make(all[i])
	}
	r := k.start()
	for _, one := range all {
		k.says(one, "Accepted=True Accepted", "Healthy=True NoHealthCheck")
	}
	r.idle(t)

	began, builds, writes := time.Now(), r.proxy.applications(), r.writes.total()
	var changing sync.WaitGroup
	for _, one := range all {
		changing.Go(func() {
			for n := range changes {
				before := one.DeepCopy()
				one.Spec.Weight = new(int32(n + 2))
				if err := k.Patch(t.Context(), one, client.MergeFrom(before)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	changing.Wait()
	for _, one := range all {
		k.says(one, "Accepted=True Accepted", "Healthy=True NoHealthCheck")
	}
	for _, e := range r.proxy.snapshot().Pools[0].Endpoints {
		if e.Weight != changes+1 {
			t.Errorf("%s has weight %d, want that of its last change, %d", e.ID, e.Weight, changes+1)
		}
	}
	took := time.Since(began)
	built, wrote := r.proxy.applications()-builds, r.writes.total()-writes
	t.Logf("%d changes in %v: %d builds, %d writes of status", tasks*changes, took.Round(time.Millisecond), built, wrote)
	const quietTime = 20 * time.Millisecond // which builds are apart
	if most := int(took/quietTime) + 1; built > most {
		t.Errorf("%d builds in %v, want %d at most, which are %v apart", built, took, most, quietTime)
	}
	const statusRate, statusBurst = 40, 5 // as the pace of statuses is
	if most := statusBurst + int(statusRate*took.Seconds()) + 1; wrote > most {
		t.Errorf("%d writes of status in %v, want %d at most", wrote, took, most)
	}
}
