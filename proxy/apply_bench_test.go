// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// manyHosts returns a snapshot of n hosts with 10 paths, a pool and a checked task each. Every second host has a
// certificate. They all have the key of one.
func manyHosts(tb testing.TB, n int) *snapshot.Snapshot {
	tb.Helper()
	one := issue(tb, "", ecdsaKey(tb), "any")
	s := new(snapshot.Snapshot)
	for i := range n {
		name, object := fmt.Sprintf("host-%05d.example.com", i), fmt.Sprintf("namespace-%03d/ingress-%05d", i/100, i)
		pool, task := fmt.Sprintf("namespace-%03d/service-%05d:80", i/100, i), fmt.Sprintf("task/namespace-%03d/task-%05d", i/100, i)
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 80)
		s.Pools = append(s.Pools, snapshot.Pool{
			ID: pool, Service: pool[:len(pool)-3], Endpoints: []snapshot.Endpoint{{ID: task, Address: at, Weight: 1, Checked: true}},
		})
		s.Checks = append(s.Checks, snapshot.Check{
			ID: task, Address: at, Interval: 1 << 40, Timeout: 1 << 30, HealthyThreshold: 1, UnhealthyThreshold: 1,
		})
		h := snapshot.Host{Name: name, Owner: object[:13]}
		for j := range 10 {
			h.Routes = append(h.Routes, snapshot.Route{
				Rule: snapshot.RuleID{Ingress: object, Path: j}, Path: fmt.Sprintf("/path-%d", j), Pool: pool,
			})
		}
		s.Hosts = append(s.Hosts, h)
		if i%2 == 0 {
			s.Certificates = append(s.Certificates, snapshot.Certificate{
				ID: object, Owner: object[:13], Hosts: []string{name}, Chain: one.Chain, Key: one.Key,
			})
		}
	}
	return s
}

// BenchmarkApply is what a change costs among all else that is served. What does not change is in the same memory, but
// for the lists that have something that does.
func BenchmarkApply(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		s := manyHosts(b, n)
		for _, change := range []struct {
			name  string
			apply func(s *snapshot.Snapshot, i int)
		}{
			{"a route", func(s *snapshot.Snapshot, i int) {
				s.Hosts = slices.Clone(s.Hosts)
				h := &s.Hosts[i%n]
				h.Routes = slices.Clone(h.Routes)
				h.Routes[3].Retries = 1 + i
			}},
			{"endpoints", func(s *snapshot.Snapshot, i int) {
				s.Pools = slices.Clone(s.Pools)
				p := &s.Pools[i%n]
				p.Endpoints = slices.Clone(p.Endpoints)
				p.Endpoints[0].Weight = 2 + i
			}},
			{"a task", func(s *snapshot.Snapshot, i int) {
				s.Pools, s.Checks = slices.Clone(s.Pools), slices.Clone(s.Checks)
				p, c := &s.Pools[i%n], &s.Checks[i%n]
				p.Endpoints = slices.Clone(p.Endpoints)
				p.Endpoints[0].Address = netip.AddrPortFrom(netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}), 80)
				c.Address = p.Endpoints[0].Address
			}},
			{"a certificate", func(s *snapshot.Snapshot, i int) {
				s.Certificates = slices.Clone(s.Certificates)
				c := &s.Certificates[i%(n/2)]
				c.Hosts = []string{fmt.Sprintf("other-%d.example.com", i)}
			}},
			{"a host more or less", func(s *snapshot.Snapshot, i int) {
				if i%2 == 0 {
					h := s.Hosts[n/2]
					h.Name += "m"
					s.Hosts = slices.Insert(slices.Clone(s.Hosts), n/2+1, h)
				}
			}},
			{"nothing, in other lists,", func(s *snapshot.Snapshot, _ int) {
				s.Hosts, s.Pools, s.Checks, s.Certificates = slices.Clone(s.Hosts), slices.Clone(s.Pools), slices.Clone(s.Checks), slices.Clone(s.Certificates)
			}},
		} {
			b.Run(fmt.Sprintf("%s among %d", change.name, n), func(b *testing.B) {
				p := New(Config{})
				if _, err := p.Apply(s); err != nil {
					b.Fatal(err)
				}
				list := make([]*snapshot.Snapshot, 100)
				for i := range list {
					same := *s
					list[i] = &same
					change.apply(list[i], i)
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if _, err := p.Apply(list[i%len(list)]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run(fmt.Sprintf("nothing, in other memory, among %d", n), func(b *testing.B) {
			p := New(Config{})
			same := [2]*snapshot.Snapshot{s, manyHosts(b, n)}
			for i := range same[1].Certificates {
				c := &same[1].Certificates[i]
				c.Chain, c.Key = s.Certificates[i].Chain, s.Certificates[i].Key
			}
			if _, err := p.Apply(s); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if number, err := p.Apply(same[i%2]); number != 1 || err != nil {
					b.Fatal(number, err)
				}
			}
		})
	}
}
