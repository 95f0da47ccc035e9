// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/transport"
)

// awaitTaking waits until so many endpoints of the pool of that name take requests.
func (s *served) awaitTaking(n int) {
	s.tb.Helper()
	await(s.tb, fmt.Sprintf("requests going to %d endpoints", n), func() bool {
		return len(s.generation.Load().pools["pool"].pickers.Load()[snapshot.RoundRobin].(*roundRobin).targets) == n
	})
}

func TestAnEndpointThatRefusesConnectionsIsSetAside(t *testing.T) {
	t.Parallel()
	b, closed := named(t, "b"), closedPort(t)
	p := serve(t)
	p.apply(everythingBy(retries(1), b.address, closed))
	if diff := cmp.Diff(map[string]int{"b": 20}, p.answers(20)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	p.awaitTaking(1)
	p.ejector.mu.Lock()
	p.endpoint(closed).conduct.until += time.Hour // on a slow machine the requests may outlast its first five seconds
	p.ejector.mu.Unlock()
	p.apply(everythingBy(retries(0), b.address, closed))
	if diff := cmp.Diff(map[string]int{"b": 20}, p.answers(20)); diff != "" {
		t.Errorf("without retries, after it was set aside (-want +got):\n%s", diff)
	}
	shown := httptest.NewRecorder()
	p.RoutesHandler().ServeHTTP(shown, httptest.NewRequest("GET", "/routes", nil))
	if want := closed.String() + "(set aside)"; !strings.Contains(shown.Body.String(), want) {
		t.Errorf("/routes shows\n%s\nwant %s", shown.Body, want)
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

func TestAnEndpointIsSetAsideForLongerEachTimeAndForgivenWithTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour) // the clock begins with the proxy, long before
		j := &ejector{clock: transport.Clock{Start: time.Now().Add(-time.Hour)}}
		e := newTarget(endpointKey{}, nil)
		setAside := func(failures int) time.Duration {
			t.Helper()
			for range failures {
				if e.conduct.ejected.Load() != 0 {
					t.Fatal("it was set aside before its time")
				}
				j.failed(e)
			}
			if e.conduct.ejected.Load() == 0 {
				t.Fatal("it was not set aside")
			}
			began := time.Now()
			for e.conduct.ejected.Load() != 0 {
				time.Sleep(time.Second)
				j.restore(j.clock.Now())
			}
			return time.Since(began)
		}
		got := []time.Duration{setAside(ejectAfter)}
		for range 14 {
			got = append(got, setAside(1)) // it is on probation
		}
		e.conduct.succeeded()
		time.Sleep(10 * time.Minute)
		got = append(got, setAside(ejectAfter))
		var want []time.Duration
		for i := range 15 {
			want = append(want, min(time.Duration(i+1)*ejectionBase, ejectionLimit))
		}
		want = append(want, 6*ejectionBase) // of 15 times, ten were forgiven
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestASuccessInBetweenKeepsAnEndpointInService(t *testing.T) {
	t.Parallel()
	j := &ejector{clock: transport.NewClock()}
	e := newTarget(endpointKey{}, nil)
	for range 10 {
		for range ejectAfter - 1 {
			j.failed(e)
		}
		e.conduct.succeeded()
	}
	if e.conduct.ejected.Load() != 0 {
		t.Error("it was set aside though it never failed three times in a row")
	}
}

// Who may have an Ingress and a Task at somebody else's address must not take that from the other's service: what is
// told by requests of a namespace, timeouts of its own choice among it, counts there alone.
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
	for range ejectAfter {
		if got := p.get("theirs", "/"); got.reason() != "UpstreamTimeout" {
			t.Fatalf("got %d %q, want UpstreamTimeout", got.Status, got.reason())
		}
	}
	pools := p.generation.Load().pools
	if pools["theirs"].members[0].conduct.ejected.Load() == 0 {
		t.Error("it is not set aside where it failed")
	}
	if pools["ours"].members[0].conduct.ejected.Load() != 0 {
		t.Error("it is set aside in another namespace")
	}
}
