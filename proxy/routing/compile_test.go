// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// bare is a request without a method, a query and fields.
var bare = new(message.Request)

// largeSnapshot returns a snapshot with that many hosts. One host in ten is a wildcard. Each host has 10 paths and its
// own pool.
func largeSnapshot(hosts int) *snapshot.Snapshot {
	s := &snapshot.Snapshot{}
	for i := range hosts {
		name := fmt.Sprintf("host-%05d.example.com", i)
		if i%10 == 9 {
			name = fmt.Sprintf("*.zone-%05d.example.com", i)
		}
		pool := fmt.Sprintf("default/service-%05d:80", i)
		s.Pools = append(s.Pools, snapshot.Pool{ID: pool, Service: pool[:len(pool)-3], Endpoints: []snapshot.Endpoint{
			{ID: "task/default/a", Address: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 80), Weight: 1},
		}})
		h := snapshot.Host{Name: name}
		for j := range 10 {
			h.Routes = append(h.Routes, snapshot.Route{
				Rule: snapshot.RuleID{Ingress: fmt.Sprintf("default/ingress-%05d", i), Path: j},
				Path: fmt.Sprintf("/service/%d/%s", j, strings.Repeat("x", j)), Pool: pool,
			})
		}
		slices.SortFunc(h.Routes, func(a, b snapshot.Route) int { return strings.Compare(a.Path, b.Path) })
		for j := range h.Routes {
			h.Routes[j].Path = strings.TrimSuffix(h.Routes[j].Path, "/")
		}
		s.Hosts = append(s.Hosts, h)
	}
	slices.SortFunc(s.Hosts, func(a, b snapshot.Host) int { return strings.Compare(a.Name, b.Name) })
	return s
}

func compileForTest(t testing.TB, s *snapshot.Snapshot, before *Generation, st *State) *Generation {
	t.Helper()
	g, err := Compile(s, before, st)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// servedForTest is compileForTest of a snapshot that is served then, in place of before.
func servedForTest(t testing.TB, s *snapshot.Snapshot, before *Generation, st *State) *Generation {
	t.Helper()
	g := compileForTest(t, s, before, st)
	st.Adopt(g)
	st.KeepOnly(g)
	return g
}

func newTestState() *State {
	return NewState(upstream.NewDialer(upstream.Config{Clock: transport.NewClock()}), health.NewProber(transport.NewClock(), nil, func(string) {}))
}

func TestCompileTakesUnchangedHostsAndPoolsFromTheGenerationBefore(t *testing.T) {
	state := newTestState()
	first := servedForTest(t, largeSnapshot(50), Nothing(), state)

	changed := largeSnapshot(50)
	changed.Hosts[3].Routes[0].Retries = 5
	changed.Pools[7].Endpoints[0].Weight = 9
	second := compileForTest(t, changed, first, state)

	for i := range changed.Hosts {
		h := &changed.Hosts[i]
		same := first.Router.host(h.Name) == second.Router.host(h.Name)
		if want := i != 3 && h.Routes[0].Pool != changed.Pools[7].ID; same != want {
			t.Errorf("host %q is taken over: %t, want %t", h.Name, same, want)
		}
	}
	for id, p := range second.pools.All() {
		if same, want := p == first.Pool(id), id != changed.Pools[7].ID; same != want {
			t.Errorf("pool %q is taken over: %t, want %t", id, same, want)
		}
	}
	if second.Routes() != 500 {
		t.Errorf("%d routes, want 500", second.Routes())
	}
}

// A host whose mirror is another pool than before is compiled anew, even if it reads the same.
func TestCompileFollowsThePoolsOfMirrors(t *testing.T) {
	state := newTestState()
	mirrored := func() *snapshot.Snapshot {
		s := largeSnapshot(20)
		s.Hosts[3].Routes[0].Mirrors = []snapshot.Mirror{{Pool: s.Pools[7].ID, Numerator: 1, Denominator: 1}}
		return s
	}
	first := servedForTest(t, mirrored(), Nothing(), state)
	changed := mirrored()
	changed.Pools[7].Endpoints[0].Weight = 9
	second := compileForTest(t, changed, first, state)
	h := &changed.Hosts[3]
	if to := second.Compiled(h.Name, &h.Routes[0]).Mirrors; len(to) != 1 || to[0].Pool != second.Pool(changed.Pools[7].ID) {
		t.Error("copies go to the pool before")
	}
}

// So is one with another pool of error pages or of a fallback.
func TestCompileFollowsThePoolsOfErrorPagesAndFallbacks(t *testing.T) {
	state := newTestState()
	paged := func() *snapshot.Snapshot {
		s := largeSnapshot(20)
		s.Hosts[3].Routes[0].ErrorPages = []snapshot.ErrorPage{{Pool: s.Pools[7].ID, Statuses: []int{404, 503}, Path: "/{status}/{status}"}}
		s.Hosts[4].Routes[0].Fallback = &snapshot.Fallback{Pool: s.Pools[7].ID}
		return s
	}
	first := servedForTest(t, paged(), Nothing(), state)
	changed := paged()
	changed.Pools[7].Endpoints[0].Weight = 9
	second := compileForTest(t, changed, first, state)
	h := &changed.Hosts[3]
	pages := second.Compiled(h.Name, &h.Routes[0]).ErrorPages
	if p := pages.For(503); p == nil || p.Pool != second.Pool(changed.Pools[7].ID) || string(p.Path) != "/503/503" {
		t.Errorf("the page for 503 is %+v", p)
	}
	if pages.For(500) != nil || pages.For(200) != nil || second.Compiled(h.Name, &h.Routes[1]).ErrorPages.For(503) != nil {
		t.Error("there is a page that nobody asked for")
	}
	if f := second.Compiled(changed.Hosts[4].Name, &changed.Hosts[4].Routes[0]).Fallback; f.Backend.Pool != second.Pool(changed.Pools[7].ID) {
		t.Error("requests fall back to the pool before")
	}
	lost := paged()
	lost.Hosts[3].Routes[0].ErrorPages[0].Pool = "nowhere"
	if _, err := Compile(lost, second, state); err == nil || !strings.Contains(err.Error(), `there is no pool "nowhere" for an error page`) {
		t.Errorf("got %v", err)
	}
}

func TestLookupAllocatesNothingAt100000Routes(t *testing.T) {
	g := compileForTest(t, largeSnapshot(10_000), Nothing(), newTestState())
	for _, host := range []string{"host-04321.example.com", "any.zone-04329.example.com", "absent.example.com"} {
		host, path := []byte(host), []byte("/service/7/xxxxxxx/and/further/down")
		if n := testing.AllocsPerRun(100, func() { g.Find(bare, host, path, canonical.AsItIs) }); n != 0 {
			t.Errorf("looking up %s allocates %v times", host, n)
		}
	}
	if g.Find(bare, []byte("any.zone-04329.example.com"), []byte("/service/7/xxxxxxx/further"), canonical.AsItIs) == nil {
		t.Error("a wildcard's route is not found")
	}
}

func BenchmarkLookupAt100000Routes(b *testing.B) {
	g := compileForTest(b, largeSnapshot(10_000), Nothing(), newTestState())
	var hosts [][]byte
	for i := range 1024 {
		n := i * 7919 % 10_000
		if n%10 == 9 {
			hosts = append(hosts, fmt.Appendf(nil, "any.zone-%05d.example.com", n))
		} else {
			hosts = append(hosts, fmt.Appendf(nil, "host-%05d.example.com", n))
		}
	}
	path := []byte("/service/7/xxxxxxx/and/further/down")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if g.Find(bare, hosts[i%len(hosts)], path, canonical.AsItIs) == nil {
			b.Fatal("a route is not found")
		}
	}
}

func BenchmarkCompile100000Routes(b *testing.B) {
	s := largeSnapshot(10_000)
	b.Run("anew", func(b *testing.B) {
		for b.Loop() {
			compileForTest(b, s, Nothing(), newTestState())
		}
	})
	b.Run("one host changed", func(b *testing.B) {
		state := newTestState()
		first := servedForTest(b, s, Nothing(), state)
		changed := largeSnapshot(10_000)
		changed.Hosts[5].Routes[0].Retries = 5
		for b.Loop() {
			compileForTest(b, changed, first, state)
		}
	})
	b.Run("memory", func(b *testing.B) {
		for b.Loop() {
			before := liveHeap()
			state := newTestState()
			g := servedForTest(b, s, Nothing(), state)
			b.ReportMetric(float64(liveHeap()-before)/100_000, "B/route")
			runtime.KeepAlive(g)
			runtime.KeepAlive(state)
		}
	})
}

// liveHeap returns how many bytes of the heap are in use after a collection.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
