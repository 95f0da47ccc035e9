// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

const hashKeys = 30_000

func keyOf(i int) uint64 { return Hash(fmt.Sprintf("user-%d", i)) }

// owners returns the ids of the endpoints that the keys belong to.
func owners(p *Pool) []string {
	ids := make(map[*Target]string)
	for i := range p.members {
		ids[p.members[i].Target] = p.members[i].id
	}
	owners := make([]string, hashKeys)
	for i := range owners {
		owners[i] = ids[p.pick(snapshot.Hash, Choice{Hash: keyOf(i)})]
	}
	return owners
}

func TestHashMovesFewKeysWhenAnEndpointComesOrGoes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		weight func(int) int
		most   float64
	}{
		{"equal weights", func(int) int { return 1 }, .12},
		{"equal weights above one", func(int) int { return 100 }, .12},
		{"different weights", func(i int) int { return 1 + i%3 }, .12},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ten, eleven := poolOfWeights(10, test.weight), poolOfWeights(11, test.weight)
			before, after := owners(readyPool(&ten)), owners(readyPool(&eleven))
			moved := 0
			for i := range before {
				if before[i] == after[i] {
					continue
				}
				moved++
				if after[i] != eleven.Endpoints[10].ID {
					t.Fatalf("key %d moved from %s to %s, want to the new endpoint or not at all", i, before[i], after[i])
				}
			}
			t.Logf("one more of 10 endpoints: %.1f %% of the keys moved", 100*float64(moved)/hashKeys)
			if share := float64(moved) / hashKeys; share > test.most || share < .03 {
				t.Errorf("%.1f %% of the keys moved, want at most %.0f %%", 100*share, 100*test.most)
			}
		})
	}
}

func TestHashSharesTheKeysByWeight(t *testing.T) {
	t.Parallel()
	pool := poolOfWeights(10, func(i int) int { return 1 + i%2 })
	got := map[string]float64{}
	for _, owner := range owners(readyPool(&pool)) {
		got[owner] += 1. / hashKeys
	}
	for i := range pool.Endpoints {
		e := &pool.Endpoints[i]
		if want := float64(e.Weight) / 15; math.Abs(got[e.ID]-want) > want/3 {
			t.Errorf("%s of weight %d has %.1f %% of the keys, want about %.1f %%", e.ID, e.Weight, 100*got[e.ID], 100*want)
		}
	}
}

// Replicas list endpoints in one order, but may hear of them at different times.
func TestHashDependsOnTheEndpointsAlone(t *testing.T) {
	t.Parallel()
	grown := poolOfWeights(5, func(int) int { return 1 })
	all := slices.Clone(grown.Endpoints)
	s := testStore()
	for n := range all {
		grown.Endpoints = all[4-n:]
		p := newPool(&grown, nil, s)
		p.Require(snapshot.Hash)
		p.refresh()
	}
	fresh := readyPool(&grown)
	p := newPool(&grown, nil, s)
	p.Require(snapshot.Hash)
	p.refresh()
	if !slices.Equal(owners(p), owners(fresh)) {
		t.Error("two replicas give keys to different endpoints")
	}
}

// A key that everybody asks for is spread once its endpoint has a quarter more than its share under way.
func TestHashBoundsWhatOneKeyDoesToItsEndpoint(t *testing.T) {
	t.Parallel()
	p := balanced(t, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 1})
	owner := p.pick(snapshot.Hash, Choice{Hash: keyOf(1)})
	for range 400 {
		p.Hold(p.pick(snapshot.Hash, Choice{Hash: keyOf(1)}), 0)
	}
	for i := range p.members {
		if n := p.members[i].active.Load(); n > 126 {
			t.Errorf("endpoint %d has %d of 400 requests, want at most a quarter more than 100", i+1, n)
		}
	}
	if n := owner.active.Load(); n < 100 {
		t.Errorf("the key's own endpoint has %d of 400 requests, want its share and more", n)
	}
}

// Few requests of one client stay together, whatever the others do.
func TestHashKeepsFewRequestsOfAKeyTogether(t *testing.T) {
	t.Parallel()
	p := balanced(t, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 1})
	owner := p.pick(snapshot.Hash, Choice{Hash: keyOf(7)})
	for range hashLoadFree {
		e := p.pick(snapshot.Hash, Choice{Hash: keyOf(7)})
		if e != owner {
			t.Fatalf("a request went to endpoint %d, want %d", number(e), number(owner))
		}
		p.Hold(e, 0)
	}
}

func TestHashLeavesOutWhatWasTried(t *testing.T) {
	t.Parallel()
	p := balanced(t, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 1000})
	var tried []*Target
	for range 3 {
		e := p.pick(snapshot.Hash, Choice{Hash: keyOf(3), Tried: tried})
		if e == nil || slices.Contains(tried, e) {
			t.Fatalf("picked %d after %d were tried", number(e), len(tried))
		}
		tried = append(tried, e)
	}
	if e := p.pick(snapshot.Hash, Choice{Hash: keyOf(3), Tried: tried}); e != nil {
		t.Errorf("picked %d although all were tried", number(e))
	}
}

func BenchmarkHashRing(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			pool := poolOfWeights(n, func(int) int { return 1 })
			p := readyPool(&pool)
			b.ReportAllocs()
			for b.Loop() {
				newHashRing(p.members, p.state)
			}
		})
	}
}
