// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"fmt"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// testStore returns a store for pools that nothing checks.
func testStore() *Store {
	return NewStore(upstream.NewDialer(upstream.Config{Clock: transport.NewClock()}), nil)
}

// balanced compiles a pool of the endpoints. Their addresses begin at 192.0.2.1.
func balanced(t *testing.T, endpoints ...snapshot.Endpoint) *Pool {
	t.Helper()
	p := snapshot.Pool{ID: "pool"}
	for i, e := range endpoints {
		e.ID = fmt.Sprintf("task/default/%d", i)
		e.Address = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), 80)
		p.Endpoints = append(p.Endpoints, e)
	}
	return readyPool(&p)
}

// readyPool compiles a pool for choosing by any policy.
func readyPool(p *snapshot.Pool) *Pool {
	c := newPool(p, nil, testStore())
	for policy := range snapshot.BalancingPolicies {
		c.Require(policy)
	}
	c.refresh()
	return c
}

// turn picks for a request that was given to these endpoints before.
func turn(p *Pool, tried ...*Target) *Target {
	return p.pick(snapshot.RoundRobin, Choice{Tried: tried})
}

// shares picks n times and counts the picks by the last number of the address.
func shares(p *Pool, n int) map[int]int {
	picked := map[int]int{}
	for range n {
		picked[number(turn(p))]++
	}
	return picked
}

func number(e *Target) int {
	if e == nil {
		return 0
	}
	return int(e.Address().Addr().As4()[3])
}

func TestRequestsAreSharedByWeight(t *testing.T) {
	t.Parallel()
	const picks = 30_000
	w := func(weight int) snapshot.Endpoint { return snapshot.Endpoint{Weight: weight} }
	for _, test := range []struct {
		name      string
		endpoints []snapshot.Endpoint
		// want are the shares by endpoint, from 1.
		want map[int]float64
	}{
		{"one", []snapshot.Endpoint{w(1)}, map[int]float64{1: 1}},
		{"thirds", []snapshot.Endpoint{w(1), w(1), w(1)}, map[int]float64{1: 1. / 3, 2: 1. / 3, 3: 1. / 3}},
		{"equal weights above one", []snapshot.Endpoint{w(500), w(500)}, map[int]float64{1: .5, 2: .5}},
		{"1:2:7", []snapshot.Endpoint{w(1), w(2), w(7)}, map[int]float64{1: .1, 2: .2, 3: .7}},
		{"1:99", []snapshot.Endpoint{w(1), w(99)}, map[int]float64{1: .01, 2: .99}},
		{"weight 0", []snapshot.Endpoint{w(0), w(1), w(3)}, map[int]float64{2: .25, 3: .75}},
		{"draining", []snapshot.Endpoint{w(1), {Weight: 1, Draining: true}, w(1)}, map[int]float64{1: .5, 3: .5}},
		{"unhealthy", []snapshot.Endpoint{{Weight: 9, Unhealthy: true}, w(1), w(1)}, map[int]float64{2: .5, 3: .5}},
		{"none takes requests", []snapshot.Endpoint{w(0), {Weight: 1, Draining: true}, {Weight: 1, Unhealthy: true}}, map[int]float64{0: 1}},
		{"none at all", nil, map[int]float64{0: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := shares(balanced(t, test.endpoints...), picks)
			for i, share := range test.want {
				if off := math.Abs(float64(got[i])/picks - share); off > .01*share {
					t.Errorf("endpoint %d took %d of %d, want %.1f %% ± 1 %%", i, got[i], picks, 100*share)
				}
				delete(got, i)
			}
			if len(got) > 0 {
				t.Errorf("endpoints that should take nothing took %v", got)
			}
		})
	}
}

// Shares are met in short runs, too, so that a light endpoint is not hit in bursts.
func TestWeightsAreMetInShortRuns(t *testing.T) {
	t.Parallel()
	p := balanced(t, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 2}, snapshot.Endpoint{Weight: 7})
	for run := range 100 {
		got := shares(p, 50)
		for i, want := range map[int]int{1: 5, 2: 10, 3: 35} {
			if off := got[i] - want; off < -3 || off > 3 {
				t.Fatalf("run %d of 50: endpoint %d took %d, want about %d", run, i, got[i], want)
			}
		}
	}
}

func TestPickLeavesOutWhatWasTried(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]*Pool{
		"equal":    balanced(t, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 1}),
		"weighted": balanced(t, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 50}, snapshot.Endpoint{Weight: 3}),
	} {
		for range 100 {
			var tried []*Target
			seen := map[int]bool{}
			for range 3 {
				e := turn(p, tried...)
				seen[number(e)] = true
				tried = append(tried, e)
			}
			if diff := cmp.Diff(map[int]bool{1: true, 2: true, 3: true}, seen); diff != "" {
				t.Fatalf("%s: endpoints tried (-want +got):\n%s", name, diff)
			}
			if e := turn(p, tried...); e != nil {
				t.Fatalf("%s: picked %d although all were tried", name, number(e))
			}
		}
	}
}

func TestManyPickAtOnce(t *testing.T) {
	t.Parallel()
	const goroutines, each = 16, 3000
	p := balanced(t, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 1})
	var took [5]atomic.Int64
	var picking sync.WaitGroup
	for range goroutines {
		picking.Go(func() {
			for range each {
				took[number(turn(p))].Add(1)
			}
		})
	}
	picking.Wait()
	for i := 1; i <= 4; i++ {
		if got := took[i].Load(); got != goroutines*each/4 {
			t.Errorf("endpoint %d took %d, want exactly a quarter of %d", i, got, goroutines*each)
		}
	}
}

// BenchmarkPick picks for requests on all cores among a thousand endpoints.
func BenchmarkPick(b *testing.B) {
	for _, bench := range []struct {
		name   string
		policy snapshot.BalancingPolicy
		weight func(i int) int
	}{
		{"round robin", snapshot.RoundRobin, func(int) int { return 1 }},
		{"weighted round robin", snapshot.RoundRobin, func(i int) int { return 1 + i%10 }},
		{"least request", snapshot.LeastRequest, func(int) int { return 1 }},
		{"weighted least request", snapshot.LeastRequest, func(i int) int { return 1 + i%10 }},
		{"hash", snapshot.Hash, func(int) int { return 1 }},
		{"weighted hash", snapshot.Hash, func(i int) int { return 1 + i%10 }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			pool := poolOfWeights(1000, bench.weight)
			p := readyPool(&pool)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := uint64(0); pb.Next(); i++ {
					if p.pick(bench.policy, Choice{Hash: Scatter(i)}) == nil {
						b.Error("nothing was picked")
					}
				}
			})
		})
	}
}

// poolOfWeights has n endpoints with ids and addresses of their own.
func poolOfWeights(n int, weight func(i int) int) snapshot.Pool {
	pool := snapshot.Pool{ID: "pool"}
	for i := range n {
		pool.Endpoints = append(pool.Endpoints, snapshot.Endpoint{
			ID: fmt.Sprintf("task/default/%04d", i), Weight: weight(i),
			Address: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 80),
		})
	}
	return pool
}
