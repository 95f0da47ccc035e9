// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// A service has three Tasks, and the third is unhealthy. Requests go to the first, to the second, and to the first
// again. Once the third is healthy, it has its turn.
func TestRequestsGoRoundTheHealthyTasks(t *testing.T) {
	s := newScene(t)
	controller := s.start().ready()
	host := s.host("api")
	var tasks []*v1alpha1.Task
	for number := range 3 {
		tasks = append(tasks, task("api", startBackend(t, fmt.Sprintf("task-%d", number+1))))
		s.create(tasks[number])
	}
	third := tasks[2]
	report := func(health v1alpha1.Health) {
		t.Helper()
		eventually(t, patience, "the report of its health", func() error {
			if err := s.Get(t.Context(), client.ObjectKeyFromObject(third), third); err != nil {
				return err
			}
			third.Status.Health = health
			return s.Status().Update(t.Context(), third) // another writer may have come between
		})
	}
	shows := func(marked int) {
		t.Helper()
		eventually(t, patience, "three endpoints, unhealthy as reported", func() error {
			_, routes, err := controller.routes()
			if err == nil && (strings.Count(routes, "127.0.0.1:") != 3 || strings.Count(routes, "(unhealthy)") != marked) {
				err = fmt.Errorf("the routes are %s", routes)
			}
			return err
		})
	}
	gives := func(want ...string) {
		t.Helper()
		var got []string
		for range want {
			a, err := ask(controller.http, host, "/")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, a.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	}
	report(v1alpha1.HealthUnhealthy)
	s.create(ingress("api", host, "api"))
	shows(1)
	gives(from("task-1"), from("task-2"), from("task-1"))

	report(v1alpha1.HealthHealthy)
	shows(0)
	gives(from("task-1"), from("task-2"), from("task-3"))
}
