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
	var serving map[string]*Pool
	serve := func(pools ...*Pool) {
		before := serving
		serving = make(map[string]*Pool)
		for _, p := range pools {
			serving[p.ID] = p
		}
		s.Adopt(serving, before)
		s.KeepOnly(serving, nil)
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
