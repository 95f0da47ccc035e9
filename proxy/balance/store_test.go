// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"net/netip"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// If something changes at an endpoint while pools serve, a refresh tells them, whichever snapshot they come from.
func TestRefreshOfAnEndpointReachesThePoolsThatItIsIn(t *testing.T) {
	t.Parallel()
	a, b := netip.MustParseAddrPort("192.0.2.1:80"), netip.MustParseAddrPort("192.0.2.2:80")
	s := testStore()
	made := func(id string, addresses ...netip.AddrPort) *Pool {
		of := snapshot.Pool{ID: id, Service: "default/" + id}
		for _, address := range addresses {
			of.Endpoints = append(of.Endpoints, snapshot.Endpoint{ID: address.String(), Address: address, Weight: 1})
		}
		return newPool(&of, nil, s)
	}
	serving := make(map[string]*Pool)
	serve := func(pools ...*Pool) {
		var changes []Change
		for _, p := range pools {
			if serving[p.ID] != p {
				changes = append(changes, Change{Before: serving[p.ID], After: p})
				serving[p.ID] = p
			}
		}
		s.Adopt(changes)
		s.KeepOnly(changes)
	}
	kept, changed, grown := made("kept", a), made("changed", a), made("changed", a, b)
	serve(kept, changed)
	serve(kept, grown)
	before := map[*Pool]*pickers{}
	for _, p := range []*Pool{kept, changed, grown} {
		before[p] = p.pickers.Load()
	}
	key := upstream.Key{Namespace: "default", Address: a}
	s.target(key).pools.refresh()
	for p, pickers := range before {
		want := p != changed
		if got := p.pickers.Load() != pickers; got != want {
			t.Errorf("pool %q of %d endpoints is refreshed: %t, want %t", p.ID, len(p.members), got, want)
		}
	}
	serve(made("kept"), made("changed", b))
	if s.targets[key] != nil {
		t.Errorf("the endpoint that no pool has is kept")
	}
	if pools := *kept.members[0].pools.pools.Load(); len(pools) != 0 {
		t.Errorf("the endpoint is still in %d pools", len(pools))
	}
}

// An endpoint takes no requests once no pool that serves has it, or lets it take any. It takes some again with the next
// pool that does.
func TestAnEndpointRetiresWhenNoPoolLetsItTakeRequests(t *testing.T) {
	t.Parallel()
	at := netip.MustParseAddrPort("192.0.2.1:80")
	s := testStore()
	made := func(id string, weight int, draining bool) *Pool {
		p := newPool(&snapshot.Pool{ID: id, Service: "default/" + id, Endpoints: []snapshot.Endpoint{
			{ID: "task", Address: at, Weight: weight, Draining: draining},
		}}, nil, s)
		return p
	}
	var one, other *Pool
	for _, step := range []struct {
		name         string
		one, other   *Pool // in place of the ones before; nil leaves it
		gone         bool  // the other one
		kept, closed bool
	}{
		{"one", made("one", 1, false), nil, false, true, false},
		{"a second that gives it nothing", nil, made("other", 0, false), false, true, false},
		{"the first drains it", made("one", 1, true), nil, false, true, true},
		{"the second gives it something", nil, made("other", 1, false), false, true, false},
		{"the second goes", nil, nil, true, true, true},
		{"the first takes it up again", made("one", 2, false), nil, false, true, false},
	} {
		var changes []Change
		if step.one != nil {
			changes = append(changes, Change{Before: one, After: step.one})
			one = step.one
		}
		if step.other != nil || step.gone {
			changes = append(changes, Change{Before: other, After: step.other})
			other = step.other
		}
		s.Adopt(changes)
		s.KeepOnly(changes)
		target := s.At(upstream.Key{Namespace: "default", Address: at})
		if (target != nil) != step.kept || target.Retired() != step.closed {
			t.Fatalf("%s: kept %t, retired %t, want %t and %t", step.name, target != nil, target.Retired(), step.kept, step.closed)
		}
	}
}

// What a route requires of a pool that serves already is there once the route is served, and not if it never is.
func TestWhatIsRequiredOfAPoolThatServes(t *testing.T) {
	t.Parallel()
	s := testStore()
	p := newPool(&snapshot.Pool{ID: "p", Service: "default/p"}, nil, s)
	p.Require(snapshot.RoundRobin)
	changes := []Change{{After: p}}
	s.Adopt(changes)
	s.KeepOnly(changes)
	p.Require(snapshot.LeastRequest)
	p.RequireSessions()
	s.KeepOnly(nil)
	s.Adopt(nil)
	if p.refresh(); !p.Serves(snapshot.RoundRobin) || p.Serves(snapshot.LeastRequest) || p.keepsSessions || p.isStale() {
		t.Error("the pool has what only a route asked for that is not served")
	}
	p.Require(snapshot.LeastRequest)
	s.Adopt(nil)
	s.KeepOnly(nil)
	if !p.Serves(snapshot.RoundRobin) || !p.Serves(snapshot.LeastRequest) || p.isStale() {
		t.Error("the pool is not ready for a route that is served")
	}
}
