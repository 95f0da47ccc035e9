// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// checking returns the check of an endpoint at path "/health", as often as a test can wait for. On a busy machine a
// healthy task may take long to answer, and that would say nothing about what is tested.
func checking(e *snapshot.Endpoint) snapshot.Check {
	e.Checked = true
	return snapshot.Check{
		ID: e.ID, Address: e.Address, Path: "/health", Expected: []snapshot.StatusRange{{First: 200, Last: 399}},
		Interval: time.Second, Timeout: time.Second, HealthyThreshold: 1, UnhealthyThreshold: 2,
	}
}

// checkAll makes all endpoints of a snapshot's first pool checked.
func checkAll(s *snapshot.Snapshot) *snapshot.Snapshot {
	for i := range s.Pools[0].Endpoints {
		s.Checks = append(s.Checks, checking(&s.Pools[0].Endpoints[i]))
	}
	return s
}

// patient starts a backend. A test decides about its health.
func patient(tb testing.TB, name string) (b *backend, healthy *atomic.Bool) {
	healthy = new(atomic.Bool)
	healthy.Store(true)
	b = startBackend(tb, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" && !healthy.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = fmt.Fprint(w, name)
	})
	return b, healthy
}

// answers asks n times and counts the answers.
func (s *served) answers(n int) map[string]int {
	s.tb.Helper()
	got := map[string]int{}
	for range n {
		r := s.get("example.com", "/")
		if r.Status != 200 {
			got[r.reason()]++
			continue
		}
		got[r.Body]++
	}
	return got
}

// awaitAnswers asks until the answers are these. If the machine is busy enough, a probe of any task may come too late.
func (s *served) awaitAnswers(want map[string]int) {
	s.tb.Helper()
	n, got := 0, map[string]int(nil)
	for _, count := range want {
		n += count
	}
	if !eventually(func() bool { got = s.answers(n); return cmp.Equal(want, got) }) {
		s.tb.Fatalf("answers (-want +got):\n%s", cmp.Diff(want, got))
	}
}

func (s *served) awaitHealth(id string, want snapshot.Health) {
	s.tb.Helper()
	await(s.tb, id+" being "+want.String(), func() bool {
		report, ok := s.Health(id)
		return ok && report.Health == want
	})
}

func TestAnUnhealthyTaskTakesNoRequestsUntilItHasRecovered(t *testing.T) {
	t.Parallel()
	one, _ := patient(t, "one")
	two, _ := patient(t, "two")
	three, healthy := patient(t, "three")
	p := serve(t)
	s := checkAll(everything(one.address, two.address, three.address))
	p.apply(s)
	const sick = "task/default/pool-002"
	for i := range s.Checks {
		p.awaitHealth(s.Checks[i].ID, snapshot.Healthy)
	}
	for range 2 { // it may fall ill again
		healthy.Store(false)
		p.awaitHealth(sick, snapshot.Unhealthy)
		p.awaitAnswers(map[string]int{"one": 5, "two": 5})
		if report, _ := p.Health(sick); report.Message != "GET /health: 503" || report.Since.IsZero() {
			t.Errorf("the report is %+v", report)
		}
		healthy.Store(true)
		p.awaitHealth(sick, snapshot.Healthy)
		p.awaitAnswers(map[string]int{"one": 3, "two": 3, "three": 3})
	}
}

func TestWhereAllTasksAreUnhealthyTheAnswerIs503AtOnce(t *testing.T) {
	t.Parallel()
	b, healthy := patient(t, "b")
	healthy.Store(false)
	p := serve(t)
	s := checkAll(everything(b.address))
	p.apply(s)
	p.awaitHealth(s.Checks[0].ID, snapshot.Unhealthy)
	if diff := cmp.Diff(map[string]int{"NoHealthyTask": 3}, p.answers(3)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatIsKnownOfATaskSurvivesASwap(t *testing.T) {
	t.Parallel()
	b, healthy := patient(t, "b")
	healthy.Store(false)
	p := serve(t)
	s := checkAll(everything(b.address))
	p.apply(s)
	id := s.Checks[0].ID
	p.awaitHealth(id, snapshot.Unhealthy)

	same := checkAll(everythingBy(retries(3), b.address))
	same.Checks[0].Interval = time.Hour
	p.apply(same)
	if report, _ := p.Health(id); report.Health != snapshot.Unhealthy {
		t.Errorf("after a swap that probes the same: %v", report.Health)
	}
	other := checkAll(everything(b.address))
	other.Checks[0].Path, other.Checks[0].Interval, other.Checks[0].Timeout = "/", time.Hour, patience // it has one probe
	p.apply(other)
	p.awaitHealth(id, snapshot.Healthy)
	p.apply(everything(b.address))
	if _, ok := p.Health(id); ok {
		t.Error("something is known of a task that is not checked any more")
	}
}
