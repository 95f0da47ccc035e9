// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/condition/conditiontest"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// splitOf compiles backends with weights. The pool of each has the service default/0, default/1 and so on.
func splitOf(t *testing.T, weights ...int) *Split {
	t.Helper()
	s := &snapshot.Snapshot{Hosts: []snapshot.Host{{Routes: []snapshot.Route{{Path: "/"}}}}}
	for i, weight := range weights {
		id := string(rune('0' + i))
		s.Pools = append(s.Pools, snapshot.Pool{ID: id, Service: "default/" + id})
		s.Hosts[0].Routes[0].Backends = append(s.Hosts[0].Routes[0].Backends, snapshot.Backend{Pool: id, Weight: weight})
	}
	g := compileForTest(t, s, Nothing(), newTestState())
	return g.Compiled("", &s.Hosts[0].Routes[0]).Split
}

// Numbers that are spread evenly lead to each backend exactly as often as its weight says.
func TestBackendsShareRequestsByWeight(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ weights, want []int }{
		{[]int{90, 10}, []int{900, 100}},
		{[]int{1, 1}, []int{500, 500}},
		{[]int{0, 5, 0}, []int{0, 1000, 0}},
		{[]int{1, 0, 3}, []int{250, 0, 750}},
		{[]int{1_000_000, 1_000_000, 2_000_000}, []int{250, 250, 500}},
	} {
		s := splitOf(t, test.weights...)
		got := make([]int, len(test.weights))
		const step = math.MaxUint64 / 1000
		for i := range uint64(1000) {
			got[s.Choose(i*step + step/2).Names.Service[len("default/")]-'0']++
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("weights %v (-want +got):\n%s", test.weights, diff)
		}
	}
}

func TestNoBackendHasNoShare(t *testing.T) {
	t.Parallel()
	s := splitOf(t, 0, 0)
	if got := s.Choose(1); got != nil {
		t.Errorf("a number leads to %v", got.Names)
	}
	if got := s.Heaviest(); got != nil {
		t.Errorf("the heaviest is %v", got.Names)
	}
}

func TestTheFirstOfTheHeaviestBackends(t *testing.T) {
	t.Parallel()
	if got := splitOf(t, 1, 3, 2, 3).Heaviest().Names.Service; got != "default/1" {
		t.Errorf("it is %s", got)
	}
}

func TestWhatServesARouteIsSaidOnce(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*snapshot.Route){
		"by nothing":                  func(r *snapshot.Route) { r.Pool = "" },
		"by a pool and a backend":     func(r *snapshot.Route) { r.Backends = []snapshot.Backend{{Pool: "p", Weight: 1}} },
		"by a pool that is not there": func(r *snapshot.Route) { r.Pool, r.Backends = "", []snapshot.Backend{{Pool: "q", Weight: 1}} },
		"by less than nothing":        func(r *snapshot.Route) { r.Pool, r.Backends = "", []snapshot.Backend{{Pool: "p", Weight: -1}} },
	} {
		r := snapshot.Route{Path: "/", Pool: "p"}
		s := &snapshot.Snapshot{Pools: []snapshot.Pool{{ID: "p"}}}
		change(&r)
		s.Hosts = []snapshot.Host{{Routes: []snapshot.Route{r}}}
		if _, err := Compile(s, Nothing(), newTestState()); err == nil {
			t.Errorf("%s: it compiles", name)
		}
	}
}

// What policies remember of clients, they remember of all parts of a route that a canary divides together.
func TestThePartsOfADividedRouteRememberTogether(t *testing.T) {
	t.Parallel()
	for canary, want := range map[string]int{"": 2, "default/canary": 1} {
		whole := named("main", "/", snapshot.MatchPrefix, nil)
		whole.Policies = []policy.Policy{&policy.RateLimit{PerSecond: 1, Burst: 1}}
		whole.Canary = canary
		part := whole
		part.Conditions = conditiontest.OnHeaders("a=always")
		state := newTestState()
		compileForTest(t, &snapshot.Snapshot{Hosts: []snapshot.Host{{Name: "a.io", Routes: []snapshot.Route{part, whole}}}, Pools: []snapshot.Pool{{ID: "p"}}}, Nothing(), state)
		if got := state.kept.Len(); got != want {
			t.Errorf("canary %q: %d limits, want %d", canary, got, want)
		}
	}
}
