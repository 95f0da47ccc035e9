// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// awaitTaking waits until so many endpoints of the pool of that name take requests.
func (s *served) awaitTaking(n int) {
	s.tb.Helper()
	await(s.tb, fmt.Sprintf("requests going to %d endpoints", n), func() bool {
		pool, chosen := s.engine.Generation.Load().Pool("pool"), map[*balance.Target]bool{}
		for range 4 * pool.Len() {
			if h, _ := pool.Take(snapshot.RoundRobin, balance.Choice{}); h.Target != nil {
				chosen[h.Target] = true
				h.Release()
			}
		}
		return len(chosen) == n
	})
}

func TestAnEndpointThatRefusesConnectionsIsSetAside(t *testing.T) {
	t.Parallel()
	b, closed := named(t, "b"), closedPort(t)
	p := serve(t)
	var got map[string]int
	shown := httptest.NewRecorder()
	// On a slow machine the requests may outlast its first five seconds. It is set aside for longer each time.
	for aside := 5 * time.Second; ; aside += 5 * time.Second {
		began := time.Now()
		p.apply(everythingBy(retries(1), b.address, closed))
		if diff := cmp.Diff(map[string]int{"b": 20}, p.answers(20)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		p.awaitTaking(1)
		p.apply(everythingBy(retries(0), b.address, closed))
		got = p.answers(20)
		shown.Body.Reset()
		p.Explainer().RoutesHandler().ServeHTTP(shown, httptest.NewRequest("GET", "/routes", nil))
		if time.Since(began) < aside || aside > patience {
			break
		}
	}
	if diff := cmp.Diff(map[string]int{"b": 20}, got); diff != "" {
		t.Errorf("without retries, after it was set aside (-want +got):\n%s", diff)
	}
	if want := closed.String() + "(set aside)"; !strings.Contains(shown.Body.String(), want) {
		t.Errorf("/routes shows\n%s\nwant %s", shown.Body, want)
	}
}

// Requests for something slow time out, several in a row. Who answers others meanwhile is there for them.
func TestSlowAnswersSetNobodyAsideWhoServesOthers(t *testing.T) {
	t.Parallel()
	var waiting counter
	slowOrNot := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			waiting.Add(1)
			<-r.Context().Done()
		}
	}
	a, b := startBackend(t, slowOrNot), startBackend(t, slowOrNot)
	p := serve(t)
	p.apply(everythingBy(idleAfter(3*time.Second), a.address, b.address))
	slow := make(chan reply)
	for range 8 {
		c := p.dial()
		c.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
		go func() {
			got, _ := c.tryReply("GET")
			slow <- got
		}()
	}
	await(t, "the requests' arrival", func() bool { return waiting.Load() == 8 })
	for range 4 {
		if got := p.get("a", "/"); got.Status != 200 {
			t.Errorf("got %d %q, want 200", got.Status, got.reason())
		}
	}
	for range 8 {
		if got := receive(t, "the end of a slow request", slow); got.reason() != "UpstreamTimeout" {
			t.Errorf("got %d %q, want UpstreamTimeout", got.Status, got.reason())
		}
	}
	for _, e := range p.engine.Generation.Load().Pool("pool").Describe() {
		if e.Ejected {
			t.Errorf("%s is set aside", e.Address)
		}
	}
}

func TestStatusesAreNoFailuresOfAnEndpoint(t *testing.T) {
	t.Parallel()
	failing := startBackend(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	b := named(t, "b")
	p := serve(t)
	p.apply(everything(failing.address, b.address))
	got := map[int]int{}
	for range 20 {
		got[p.get("example.com", "/").Status]++
	}
	if diff := cmp.Diff(map[int]int{200: 10, 500: 10}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Somebody may have an Ingress and a Task at another's address. That must not take the address from the other's
// service. What a namespace's requests find out, perhaps with timeouts of its own choice, counts there alone.
func TestWhatANamespaceMeetsWithAtAnEndpointCountsForNoOther(t *testing.T) {
	t.Parallel()
	hung := startBackend(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	b := named(t, "b")
	theirs, ours := poolOf("theirs", hung.address), poolOf("ours", hung.address, b.address)
	theirs.Service = "elsewhere/theirs"
	hasty := prefix("/", "theirs")
	hasty.Timeouts.Response = time.Millisecond
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{hostOf("theirs", hasty), hostOf("ours", prefix("/", "ours"))}, theirs, ours))
	for range 3 {
		if got := p.get("theirs", "/"); got.reason() != "UpstreamTimeout" {
			t.Fatalf("got %d %q, want UpstreamTimeout", got.Status, got.reason())
		}
	}
	pool := p.engine.Generation.Load().Pool
	if !pool("theirs").Describe()[0].Ejected {
		t.Error("it is not set aside where it failed")
	}
	if pool("ours").Describe()[0].Ejected {
		t.Error("it is set aside in another namespace")
	}
}
