// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
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
	s := newStage(t)
	// Each Task has an address of its own, since those at one address are one endpoint.
	silent, err := net.Listen("tcp4", ":0") // The kernel takes the connections, and nobody answers.
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	busy, err := net.Listen("tcp4", ":0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: answerWith("busy"), ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(busy) }()
	defer func() { _ = server.Close() }()
	at := func(l net.Listener, i int) string {
		return fmt.Sprintf("127.1.%d.%d:%d", i/200, 1+i%200, l.Addr().(*net.TCPAddr).Port)
	}
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
	fast := rest.CopyConfig(s.config)
	fast.QPS = -1
	tenant, err := client.New(fast, client.Options{Scheme: s.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	create := func(task *v1alpha1.Task) {
		if err := tenant.Create(t.Context(), task); err != nil {
			t.Fatal(err)
		}
	}
	for i := range silentTasks {
		task := checkedTask(t, s.b, fmt.Sprint("silent-", i), at(silent, i), time.Minute, time.Minute)
		task.Spec.ServiceName = "silent"
		create(task)
	}
	for i := range busyTasks {
		task := checkedTask(t, s.b, fmt.Sprint("busy-", i), at(busy, i), time.Second, time.Second)
		task.Spec.ServiceName = "busy"
		create(task)
	}
	s.attackFor(checkTime, "health checks that take all places", func(ctx context.Context) {
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
