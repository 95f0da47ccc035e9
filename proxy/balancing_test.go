// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// A swap does not begin the round again. Otherwise frequent changes would send everything to the first endpoint.
func TestRoundGoesOnAfterASwap(t *testing.T) {
	t.Parallel()
	a, b := named(t, "a"), named(t, "b")
	p := serve(t)
	got := map[string]int{}
	for i := range 20 {
		p.apply(everythingBy(retries(i), a.address, b.address))
		got[p.get("example.com", "/").Body]++
	}
	if diff := cmp.Diff(map[string]int{"a": 10, "b": 10}, got); diff != "" {
		t.Errorf("requests by endpoint (-want +got):\n%s", diff)
	}
}

// An endpoint that comes back keeps connections again.
func TestEndpointThatDrainedMayComeBack(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	p.apply(everything(b.address))
	drained := everything(b.address)
	drained.Pools[0].Endpoints[0].Draining = true
	p.apply(drained)
	if got := p.get("a", "/"); got.reason() != "NoHealthyTask" {
		t.Errorf("got %d %q while it drains, want NoHealthyTask", got.Status, got.reason())
	}
	p.apply(everything(b.address))
	if got := p.get("a", "/"); got.Status != 200 {
		t.Errorf("got %d %q, want 200", got.Status, got.reason())
	}
	await(t, "the connection's rest", func() bool { return p.endpoint(b.address).Stats().Idle == 1 })
}

func TestNoEndpointThatTakesRequestsIs503AtOnce(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*snapshot.Pool){
		"empty":     func(p *snapshot.Pool) { p.Endpoints = nil },
		"weight 0":  func(p *snapshot.Pool) { p.Endpoints[0].Weight = 0 },
		"draining":  func(p *snapshot.Pool) { p.Endpoints[0].Draining = true },
		"unhealthy": func(p *snapshot.Pool) { p.Endpoints[0].Unhealthy = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := named(t, "b")
			p := serve(t)
			snapshot := everything(b.address)
			change(&snapshot.Pools[0])
			p.apply(snapshot)
			got := p.get("example.com", "/")
			if got.Status != 503 || got.reason() != "NoHealthyTask" || got.Header.Get("Proxy-Status") != `warren; error=destination_unavailable; details="NoHealthyTask"` {
				t.Errorf("got %d %q, want 503 NoHealthyTask", got.Status, got.Header.Get("Proxy-Status"))
			}
			if n := b.accepted.Load(); n != 0 {
				t.Errorf("the endpoint was connected to %d times", n)
			}
		})
	}
}
