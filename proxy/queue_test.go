// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// limitedTo serves by a route that bounds connections, and the requests that wait for one.
func limitedTo(connections, pending int, addresses ...netip.AddrPort) *snapshot.Snapshot {
	return everythingBy(func(r *snapshot.Route) {
		r.Balancing = snapshot.Balancing{MaxConnections: connections, MaxPending: pending}
	}, addresses...)
}

func (s *served) waiting() int {
	return s.engine.Generation.Load().Pool("pool").Queue().Waiting()
}

func TestRequestsWaitForAConnectionInTheirOrder(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(limitedTo(1, 3, endpoint.address))
	var clients []*wire
	for i, path := range []string{"/0", "/1", "/2", "/3"} {
		c := p.dial()
		c.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n")
		clients = append(clients, c)
		await(t, "the request's turn or wait", func() bool { return p.endpoint(endpoint.address).Load() == 1 && p.waiting() == i })
	}
	// The queue is full.
	if got := p.get("a", "/4"); got.Status != 503 || got.reason() != "UpstreamBusy" ||
		got.Header.Get("Proxy-Status") != `warren; error=connection_limit_reached; details="UpstreamBusy"` {
		t.Errorf("got %d %q, want 503 UpstreamBusy", got.Status, got.Header.Get("Proxy-Status"))
	}
	up := endpoint.accept()
	for i, c := range clients {
		if got, want := up.request().URL.Path, []string{"/0", "/1", "/2", "/3"}[i]; got != want {
			t.Errorf("the endpoint got %s, want %s", got, want)
		}
		up.send(okReply)
		if got := c.reply("GET"); got.Status != 200 {
			t.Errorf("got %d %q, want 200", got.Status, got.reason())
		}
	}
	if n := endpoint.accepted.Load(); n != 1 {
		t.Errorf("%d connections to the endpoint, want 1", n)
	}
	await(t, "the end of all counting", func() bool { return p.endpoint(endpoint.address).Load() == 0 })
}

func TestWaitForAConnectionIsBounded(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	snapshot := limitedTo(1, 1, endpoint.address)
	snapshot.Hosts[0].Routes[0].Timeouts.Connect = 2 * time.Second // the first request has this time for its connection
	p.apply(snapshot)
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	for range 2 { // the first one left the queue
		if got := p.get("a", "/"); got.Status != 503 || got.reason() != "UpstreamBusy" {
			t.Errorf("got %d %q, want 503 UpstreamBusy", got.Status, got.reason())
		}
	}
	up.send(okReply)
	client.reply("GET")
}

func TestClientThatGoesAwayLeavesTheQueue(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(limitedTo(1, 2, endpoint.address))
	first, gone, last := p.dial(), p.dial(), p.dial()
	first.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	gone.send("GET /gone HTTP/1.1\r\nHost: a\r\n\r\n")
	await(t, "a wait", func() bool { return p.waiting() == 1 })
	last.send("GET /last HTTP/1.1\r\nHost: a\r\n\r\n")
	await(t, "a second wait", func() bool { return p.waiting() == 2 })
	gone.abort()
	await(t, "its end", func() bool { return p.waiting() == 1 })
	up.send(okReply)
	first.reply("GET")
	if got := up.request().URL.Path; got != "/last" {
		t.Errorf("the endpoint got %s, want /last", got)
	}
	up.send(okReply)
	last.reply("GET")
}

// A request that is retried waits for an endpoint that it has not tried. The one that it has tried is free for others.
func TestRetryThatWaitsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	one, other := startScript(t), startScript(t)
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) {
		r.Balancing, r.Retries = snapshot.Balancing{MaxConnections: 1, MaxPending: 9}, 1
	}, one.address, other.address))
	send := func(path string) *wire {
		c := p.dial()
		c.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n")
		return c
	}
	retried := send("/retried")
	await(t, "a connection", func() bool { return one.accepted.Load()+other.accepted.Load() == 1 })
	failing, full := one, other
	if other.accepted.Load() == 1 {
		failing, full = other, one
	}
	first := send("/first")
	slow := full.accept()
	slow.request()
	_ = failing.accept().Close()
	await(t, "the retry's wait", func() bool { return p.waiting() == 1 })

	second := send("/second")
	up := failing.accept()
	if got := up.request().URL.Path; got != "/second" {
		t.Errorf("the endpoint that has room got %s, want /second", got)
	}
	up.send(okReply)
	if got := second.reply("GET"); got.Status != 200 {
		t.Errorf("got %d %q, want 200", got.Status, got.reason())
	}
	slow.send(okReply)
	first.reply("GET")
	if got := slow.request().URL.Path; got != "/retried" {
		t.Errorf("the other endpoint got %s, want /retried", got)
	}
	slow.send(okReply)
	if got := retried.reply("GET"); got.Status != 200 {
		t.Errorf("the retried request got %d %q, want 200", got.Status, got.reason())
	}
}

// A request that waits sees a change of the pool: another endpoint, or none, or no pool at all.
func TestWhoWaitsSeesThePoolChange(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	for name, test := range map[string]struct {
		change func(full netip.AddrPort) *snapshot.Snapshot
		want   int
	}{
		"another endpoint": {func(full netip.AddrPort) *snapshot.Snapshot { return limitedTo(1, 9, full, b.address) }, 200},
		"instead of it":    {func(netip.AddrPort) *snapshot.Snapshot { return limitedTo(1, 9, b.address) }, 200},
		"none":             {func(netip.AddrPort) *snapshot.Snapshot { return limitedTo(1, 9) }, 503},
		"no pool":          {func(netip.AddrPort) *snapshot.Snapshot { return &snapshot.Snapshot{} }, 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(limitedTo(1, 9, endpoint.address))
			first, second := p.dial(), p.dial()
			first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			await(t, "a wait", func() bool { return p.waiting() == 1 })
			p.apply(test.change(endpoint.address))
			if got := second.reply("GET"); got.Status != test.want || test.want == 503 && got.reason() != "NoHealthyTask" {
				t.Errorf("got %d %q, want %d", got.Status, got.reason(), test.want)
			}
			up.send(okReply)
			first.reply("GET")
		})
	}
}

// However many come at once, no endpoint ever gets more than it may have, and nobody waits for ever.
func TestNoEndpointGetsMoreConnectionsThanItMayHave(t *testing.T) {
	t.Parallel()
	const limit, clients, requests = 3, 30, 40
	a, b := named(t, "a"), named(t, "b")
	p := serve(t)
	p.apply(limitedTo(limit, clients, a.address, b.address))
	var working sync.WaitGroup
	for range clients {
		c := p.dial()
		working.Go(func() {
			for range requests {
				c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				if got := c.reply("GET"); got.Status != 200 {
					t.Errorf("got %d %q, want 200", got.Status, got.reason())
				}
			}
		})
	}
	working.Wait()
	for _, backend := range []*backend{a, b} {
		if n := backend.accepted.Load(); n > limit {
			t.Errorf("%d connections to an endpoint, want at most %d", n, limit)
		}
	}
}

// A tunnel is a connection in use until it ends.
func TestTunnelKeepsItsPlace(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(limitedTo(1, 0, endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
	client.head()
	if got := p.get("a", "/"); got.reason() != "UpstreamBusy" {
		t.Errorf("got %d %q beside the tunnel, want UpstreamBusy", got.Status, got.reason())
	}
	_ = up.Close()
	_ = client.Close()
	await(t, "the tunnel's end", func() bool { return p.endpoint(endpoint.address).Load() == 0 })
}
