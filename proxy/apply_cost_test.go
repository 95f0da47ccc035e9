// SPDX-License-Identifier: Apache-2.0

//go:build !race

package proxy

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// A change makes as many things among 3,000 hosts as among 100, and little more garbage: lists of what is shared.
func TestAChangeMakesNoMoreAmongMany(t *testing.T) {
	const changes = 50
	type cost struct{ things, bytes uint64 }
	for name, change := range map[string]func(s *snapshot.Snapshot, i int){
		"a route": func(s *snapshot.Snapshot, i int) {
			s.Hosts = slices.Clone(s.Hosts)
			s.Hosts[5].Routes = slices.Clone(s.Hosts[5].Routes)
			s.Hosts[5].Routes[0].Retries = 1 + i
		},
		"endpoints": func(s *snapshot.Snapshot, i int) {
			s.Pools = slices.Clone(s.Pools)
			s.Pools[5].Endpoints = slices.Clone(s.Pools[5].Endpoints)
			s.Pools[5].Endpoints[0].Weight = 2 + i
		},
		"a certificate": func(s *snapshot.Snapshot, i int) {
			s.Certificates = slices.Clone(s.Certificates)
			s.Certificates[5].Hosts = []string{fmt.Sprint("other-", i, ".example.com")}
		},
		"a host": func(s *snapshot.Snapshot, _ int) { s.Hosts = slices.Delete(slices.Clone(s.Hosts), 5, 6) },
	} {
		costs := make(map[int]cost)
		for _, n := range []int{100, 3000} {
			p := New(Config{})
			s := manyHosts(t, n)
			if _, err := p.Apply(s); err != nil {
				t.Fatal(err)
			}
			list := make([]*snapshot.Snapshot, changes)
			for i := range list {
				changed := *s
				change(&changed, i)
				list[i] = &changed
				s = &changed
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for i := range list {
				if _, err := p.Apply(list[i]); err != nil {
					t.Fatal(err)
				}
			}
			runtime.ReadMemStats(&after)
			costs[n] = cost{(after.Mallocs - before.Mallocs) / changes, (after.TotalAlloc - before.TotalAlloc) / changes}
		}
		few, many := costs[100], costs[3000]
		t.Logf("%s: %d things and %d bytes among 100, %d and %d among 3,000", name, few.things, few.bytes, many.things, many.bytes)
		if many.things > few.things+few.things/4+5 || many.bytes > few.bytes+64<<10 {
			t.Errorf("%s makes more among many", name)
		}
	}
}
