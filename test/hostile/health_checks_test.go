// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

const (
	// silentTasks are at an address that takes connections and says nothing, with the longest timeout. busyTasks are
	// probed as often as they may be.
	silentTasks = 550
	busyTasks   = 200
	// checkTime is how long they are there, and noticed how long it may take until another namespace's failing Task is
	// seen to fail, by three probes of a second each.
	checkTime = 8 * time.Second
	noticed   = 6 * time.Second
)

// A tenant has very many Tasks with health checks that take all that they can get.
func TestHealthChecksThatTakeAllPlaces(t *testing.T) {
	t.Parallel()
	s := newStageApart(t, launch{})
	silent, err := net.Listen("tcp4", ":0") // The kernel takes the connections, and nobody answers.
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	busy := startChecked(t, answerWith("busy"))
	var ill atomic.Bool
	own := startBackend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" && ill.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	watched := checkedTask(t, s.a, "watched", own, time.Second, time.Second)
	s.create(ingressOf(s.a, "watched", "watched.example.com", "/"), watched,
		ingressOf(s.b, "silent", "silent.example.com", "/"), ingressOf(s.b, "busy", "busy.example.com", "/"))
	// Statuses are written one after the other, so that the data plane says sooner what is known of the Task.
	answers := func(want int) error {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.replica().http+"/", http.NoBody)
		if err != nil {
			return err
		}
		request.Host = "watched.example.com"
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			return fmt.Errorf("it is answered with %d", response.StatusCode)
		}
		return nil
	}
	eventually(t, "another namespace's Task to serve", func() error { return answers(http.StatusOK) })
	s.createMany(append(checkedTasks(t, s.b, "silent", silent, silentTasks, time.Minute),
		checkedTasks(t, s.b, "busy", busy, busyTasks, time.Second)...))
	s.besideSlow(checkTime, "health checks that take all places", func(ctx context.Context) {
		ill.Store(true)
		began := time.Now()
		for answers(http.StatusServiceUnavailable) != nil {
			select {
			case <-ctx.Done():
				t.Errorf("another namespace's Task fails, and is taken for healthy after %s", checkTime)
				return
			case <-time.After(pause):
			}
		}
		if took := time.Since(began); took > noticed {
			t.Errorf("another namespace's Task fails, and is seen to after %s, at most %s are allowed", took, noticed)
		}
		<-ctx.Done()
	})
}

// startChecked starts a server at all addresses of this machine.
func startChecked(t *testing.T, handler http.Handler) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp4", ":0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: patience}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) }) // It returns only when the server is closed.
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	return listener
}

// checkedTasks are Tasks of a service, with health checks. Each has an address of its own, since those at one address
// are one endpoint.
func checkedTasks(t *testing.T, namespace, service string, at net.Listener, number int, every time.Duration) []client.Object {
	t.Helper()
	tasks := make([]client.Object, 0, number)
	for i := range number {
		address := fmt.Sprintf("127.1.%d.%d:%d", i/200, 1+i%200, at.Addr().(*net.TCPAddr).Port)
		task := checkedTask(t, namespace, fmt.Sprint(service, "-", i), address, every, every)
		task.Spec.ServiceName = v1alpha1.ServiceName(service)
		tasks = append(tasks, task)
	}
	return tasks
}

// checkedTask is a Task of the service of its own name, with a health check.
func checkedTask(t *testing.T, namespace, name, address string, interval, timeout time.Duration) *v1alpha1.Task {
	t.Helper()
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return &v1alpha1.Task{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.TaskSpec{ServiceName: v1alpha1.ServiceName(name), Address: v1alpha1.Address(at.IP.String()),
			Ports: []v1alpha1.TaskPort{{Port: servicePort, TargetPort: v1alpha1.Port(at.Port)}},
			HealthCheck: &v1alpha1.HealthCheck{Path: "/health", Interval: &metav1.Duration{Duration: interval},
				Timeout: &metav1.Duration{Duration: timeout}}},
	}
}
