// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// largeSnapshot has hosts of 10 paths each, one host in ten a wildcard, and a pool for each host.
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

func compileForTest(t testing.TB, s *snapshot.Snapshot, before *generation, st *state) *generation {
	t.Helper()
	g, err := compile(s, before, st)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func emptyGeneration() *generation {
	return &generation{snapshot: &snapshot.Snapshot{}, identity: &identity.Set{}}
}

func testState() *state {
	return newState(upstream.NewDialer(upstream.Config{Clock: transport.NewClock()}), health.NewProber(transport.NewClock(), nil, func(string) {}))
}

func TestCompileTakesUnchangedHostsAndPoolsFromTheGenerationBefore(t *testing.T) {
	state := testState()
	first := compileForTest(t, largeSnapshot(50), emptyGeneration(), state)

	changed := largeSnapshot(50)
	changed.Hosts[3].Routes[0].Retries = 5
	changed.Pools[7].Endpoints[0].Weight = 9
	second := compileForTest(t, changed, first, state)

	for i := range changed.Hosts {
		h := &changed.Hosts[i]
		same := first.router.host(h.Name) == second.router.host(h.Name)
		if want := i != 3 && h.Routes[0].Pool != changed.Pools[7].ID; same != want {
			t.Errorf("host %q is taken over: %t, want %t", h.Name, same, want)
		}
	}
	for id, p := range second.pools {
		if same, want := p == first.pools[id], id != changed.Pools[7].ID; same != want {
			t.Errorf("pool %q is taken over: %t, want %t", id, same, want)
		}
	}
	if second.router.routes != 500 {
		t.Errorf("%d routes, want 500", second.router.routes)
	}
}

func TestLookupAllocatesNothingAt100000Routes(t *testing.T) {
	g := compileForTest(t, largeSnapshot(10_000), emptyGeneration(), testState())
	for _, host := range []string{"host-04321.example.com", "any.zone-04329.example.com", "absent.example.com"} {
		host, path := []byte(host), []byte("/service/7/xxxxxxx/and/further/down")
		if n := testing.AllocsPerRun(100, func() { g.router.find(host, path, canonical.AsItIs) }); n != 0 {
			t.Errorf("looking up %s allocates %v times", host, n)
		}
	}
	if g.router.find([]byte("any.zone-04329.example.com"), []byte("/service/7/xxxxxxx/further"), canonical.AsItIs) == nil {
		t.Error("a wildcard's route is not found")
	}
}

func BenchmarkLookupAt100000Routes(b *testing.B) {
	g := compileForTest(b, largeSnapshot(10_000), emptyGeneration(), testState())
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
		if g.router.find(hosts[i%len(hosts)], path, canonical.AsItIs) == nil {
			b.Fatal("a route is not found")
		}
	}
}

func BenchmarkCompile100000Routes(b *testing.B) {
	s := largeSnapshot(10_000)
	b.Run("anew", func(b *testing.B) {
		for b.Loop() {
			compileForTest(b, s, emptyGeneration(), testState())
		}
	})
	b.Run("one host changed", func(b *testing.B) {
		state := testState()
		first := compileForTest(b, s, emptyGeneration(), state)
		changed := largeSnapshot(10_000)
		changed.Hosts[5].Routes[0].Retries = 5
		for b.Loop() {
			compileForTest(b, changed, first, state)
		}
	})
	b.Run("memory", func(b *testing.B) {
		for b.Loop() {
			before := heapBytes()
			g := compileForTest(b, s, emptyGeneration(), testState())
			b.ReportMetric(float64(heapBytes()-before)/100_000, "B/route")
			runtime.KeepAlive(g)
		}
	})
}

// manyCertificates are as many for a host each, with one key.
func manyCertificates(tb testing.TB, n int) []snapshot.Certificate {
	tb.Helper()
	key := ecdsaKey(tb)
	list := make([]snapshot.Certificate, n)
	for i := range list {
		list[i] = issue(tb, fmt.Sprintf("default/certificate-%05d", i), key, fmt.Sprintf("host-%05d.example.com", i))
	}
	return list
}

// A certificate with its PEM takes at most 3 KB, apart from intermediates.
func TestCertificatesTakeLittleMemory(t *testing.T) {
	const n, most = 2000, 3 << 10
	before := heapBytes()
	list := manyCertificates(t, n)
	store := identity.NewStore()
	compiled, err := store.Compile(with(&snapshot.Snapshot{}, list...))
	if err != nil {
		t.Fatal(err)
	}
	each := (heapBytes() - before) / n
	t.Logf("%d bytes a certificate", each)
	if each > most {
		t.Errorf("a certificate takes %d bytes, want at most %d", each, most)
	}
	runtime.KeepAlive(list)
	runtime.KeepAlive(store)
	runtime.KeepAlive(compiled)
}

// The time is printed, and what is allocated stands for it: it does not depend on what else the machine does.
func TestAHandshakeCostsTheSameAmong10000Certificates(t *testing.T) {
	const handshakes = 100
	one := issue(t, "", ecdsaKey(t), "any") // to make 10,000 would take longer than all the rest
	list := make([]snapshot.Certificate, 10_000)
	for i := range list {
		list[i] = snapshot.Certificate{ID: fmt.Sprintf("default/certificate-%05d", i), Hosts: []string{fmt.Sprintf("host-%05d.example.com", i)}, Chain: one.Chain, Key: one.Key}
	}
	cost := map[int]uint64{}
	for _, n := range []int{10, len(list)} {
		p := serve(t)
		p.apply(with(&snapshot.Snapshot{}, list[:n]...))
		address := p.listen("127.0.0.1:0", p.ServeHTTPS)
		shake := func(i int) {
			c, err := tls.Dial("tcp", address, &tls.Config{ServerName: list[i*7919%n].Hosts[0], InsecureSkipVerify: true})
			if err != nil {
				t.Fatal(err)
			}
			_ = c.Close()
		}
		shake(0) // what is made once is made now
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		for i := range handshakes {
			shake(i)
		}
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		cost[n] = (after.Mallocs - before.Mallocs) / handshakes
		t.Logf("among %d certificates a handshake takes %s and %d allocations, client included", n, (took / handshakes).Round(time.Microsecond), cost[n])
	}
	if few, many := cost[10], cost[len(list)]; many > few+few/4 {
		t.Errorf("a handshake takes %d allocations among %d certificates and %d among 10", many, len(list), few)
	}
}

// Finding takes as long among 10,000 certificates as among 10.
func BenchmarkFindCertificate(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			list := manyCertificates(b, n)
			c, err := identity.NewStore().Compile(with(&snapshot.Snapshot{}, list...))
			if err != nil {
				b.Fatal(err)
			}
			hello := &tls.ClientHelloInfo{ServerName: "host-00007.example.com"}
			b.ReportAllocs()
			for b.Loop() {
				if c.Certificate(hello) == nil {
					b.Fatal("a certificate is not found")
				}
			}
		})
	}
}

func heapBytes() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
