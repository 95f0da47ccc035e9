// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/fixture"
)

// Service api has three tasks: two healthy ones and an unhealthy one, which is excluded. Requests go to the first, the
// second, and the first again.
func TestAnUnhealthyTaskIsExcludedFromTheRound(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	p, address := fixture.StartProxy(t)
	k.start(func(_ *ctrl.Options, o *Options, _ *recordingProxy) {
		o.Applier, o.Health, o.AllowLocalTasks = p, p, true
	})
	var healthy [3]atomic.Bool
	var tasks [3]*v1alpha1.Task
	objects := []client.Object{fixture.Ingress(k.Blue, "shop", "x.io", "api")}
	for i := range tasks {
		healthy[i].Store(i < 2)
		backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/health" && !healthy[i].Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			_, _ = fmt.Fprint(w, i+1)
		}))
		t.Cleanup(backend.Close)
		at := backend.Listener.Addr().(*net.TCPAddr)
		tasks[i] = fixture.Task(k.Blue, fmt.Sprint("task-", i+1), "api", at.IP.String())
		tasks[i].Spec.Ports = []v1alpha1.TaskPort{{Port: 80, TargetPort: v1alpha1.Port(at.Port)}}
		tasks[i].Spec.HealthCheck = &v1alpha1.HealthCheck{Path: "/health",
			Interval: &metav1.Duration{Duration: time.Second}, Timeout: &metav1.Duration{Duration: time.Second}}
		objects = append(objects, tasks[i])
	}
	k.Make(objects...)
	reported := func(i int, health v1alpha1.Health, reason, message string) {
		t.Helper()
		status := map[v1alpha1.Health]string{v1alpha1.HealthHealthy: "True", v1alpha1.HealthUnhealthy: "False"}[health]
		k.says(tasks[i], "Accepted=True Accepted", "Healthy="+status+" "+reason)
		got := tasks[i].Status
		if got.Health != health || got.Message != message || got.LastTransitionTime == nil {
			t.Errorf("the status of task %d is %+v", i+1, got)
		}
	}
	for i := range 2 {
		reported(i, v1alpha1.HealthHealthy, "ProbeSucceeded", "the health check succeeds")
	}
	reported(2, v1alpha1.HealthUnhealthy, "ProbeFailed",
		"the health check fails: the answer is not that of a healthy instance")

	ask := func() string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/api", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "x.io"
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		content, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	first, second := ask(), ask()
	if diff := cmp.Diff(map[string]int{"1": 1, "2": 1}, map[string]int{first: 1, second: 1}); diff != "" {
		t.Errorf("the first two requests (-want +got):\n%s", diff)
	}
	if third := ask(); third != first {
		t.Errorf("request 3 went to task %s, want %s again", third, first)
	}

	// The instance recovers, and then has no health check any more: what its probes left in its status is removed.
	healthy[2].Store(true)
	reported(2, v1alpha1.HealthHealthy, "ProbeSucceeded", "the health check succeeds")
	healthy[2].Store(false)
	reported(2, v1alpha1.HealthUnhealthy, "ProbeFailed",
		"the health check fails: the answer is not that of a healthy instance")
	k.Change(tasks[2], func() { tasks[2].Spec.HealthCheck = nil })
	k.says(tasks[2], "Accepted=True Accepted", "Healthy=True NoHealthCheck")
	if got := tasks[2].Status; got.Health != "" || got.Message != "" {
		t.Errorf("the status of a Task without a health check is %+v", got)
	}
}
