// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/upstream"
)

func TestConnectionsToEndpointsAreReused(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	p.apply(everything(b.address))
	for range 3 {
		// Another client's connection uses the upstream connection that the last one left.
		client := p.dial()
		for range 20 {
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			client.reply("GET")
		}
		for range 20 {
			client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
			client.reply("POST")
		}
		await(t, "the connection's rest", func() bool { return p.endpoint(b.address).Stats().Idle == 1 })
	}
	if n := b.accepted.Load(); n != 1 {
		t.Errorf("%d connections to the endpoint, want 1", n)
	}
}

// The connection that was used last is used next. Those left over from a peak grow old and are closed.
func TestYoungestIdleConnectionIsUsedFirst(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client, other := p.dial(), p.dial()
	client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
	up1 := endpoint.accept()
	up1.request()
	other.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
	up2 := endpoint.accept()
	up2.request()
	up2.send(okReply)
	other.reply("GET")
	up1.send(okReply)
	client.reply("GET")
	for range 3 {
		client.send("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
		if got := up1.request().URL.Path; got != "/3" {
			t.Errorf("the endpoint got %s, want /3", got)
		}
		up1.send(okReply)
		client.reply("GET")
	}
}

func TestWhetherAConnectionIsReusedIsTheResponsesToSay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, request, response string
		reused                  bool
	}{
		{"1.1", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", okReply, true},
		{"1.1 chunked", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true},
		{"1.1 close", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false},
		{"1.0", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
		{"1.0 keep-alive", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", true},
		{"HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", true},
		{"204", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", true},
		{"304", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", true},
		{"content with a HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", okReply, false},
		{"content with a 204", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", false},
		{"garbage after the end", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", okReply + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send(test.request)
			up := endpoint.accept()
			up.head()
			up.send(test.response)
			method, _, _ := strings.Cut(test.request, " ")
			client.reply(method)
			client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
			if !test.reused {
				up.expectClosed()
				up = endpoint.accept()
			}
			if got := up.request().URL.Path; got != "/next" {
				t.Errorf("the endpoint got %s, want /next", got)
			}
			up.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext")
			if got := client.reply("GET"); got.Body != "next" {
				t.Errorf("got %q, want next", got.Body)
			}
		})
	}
}

func TestIdleConnectionsCloseWithTheirEndpoint(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*snapshot.Snapshot){
		"gone":      func(s *snapshot.Snapshot) { *s = snapshot.Snapshot{} },
		"draining":  func(s *snapshot.Snapshot) { s.Pools[0].Endpoints[0].Draining = true },
		"unhealthy": func(s *snapshot.Snapshot) { s.Pools[0].Endpoints[0].Unhealthy = true },
		"weight 0":  func(s *snapshot.Snapshot) { s.Pools[0].Endpoints[0].Weight = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			up.send(okReply)
			client.reply("GET")
			// The answer came over the same connection. So the exchange before it has ended, and the upstream connection is
			// idle.
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up.head()
			up.send(okReply)
			client.reply("GET")
			snapshot := everything(endpoint.address)
			change(snapshot)
			p.apply(snapshot)
			up.expectEnd()
		})
	}
}

// A pool that shares an endpoint with another keeps its connections when the other goes.
func TestSharedEndpointKeepsItsConnections(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{hostOf("", prefix("/a", "a"), prefix("/b", "b"))}, poolOf("a", b.address), poolOf("b", b.address)))
	resting := func() bool { return p.endpoint(b.address).Stats().Idle == 1 }
	p.get("x", "/a")
	await(t, "the connection's rest", resting)
	p.get("x", "/b")
	await(t, "the connection's rest", resting)
	p.apply(snapshotOf([]snapshot.Host{hostOf("", prefix("/b", "b"))}, poolOf("b", b.address)))
	p.get("x", "/b")
	if n := b.accepted.Load(); n != 1 {
		t.Errorf("%d connections to the endpoint, want 1", n)
	}
}

func TestConnectionThatWasIdleForTooLongIsClosed(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send(okReply)
	client.reply("GET")
	e := p.endpoint(endpoint.address)
	await(t, "the connection's rest", func() bool { return e.Stats().Idle == 1 })
	e.Expire(p.engine.Clock.Now() + upstream.IdleTimeout - time.Minute)
	if n := e.Stats().Idle; n != 1 {
		t.Errorf("%d idle connections before the time, want 1", n)
	}
	e.Expire(p.engine.Clock.Now() + upstream.IdleTimeout + time.Second)
	up.expectEnd()
	if n := e.Stats().Idle; n != 0 {
		t.Errorf("%d idle connections after the time, want none", n)
	}
}

// endpoint returns the running state of an address in the namespace of the pools.
func (s *served) endpoint(address netip.AddrPort) *balance.Target {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.At(upstream.Key{Namespace: "default", Address: address})
}

// idle returns how many connections of HTTP/1.1 to endpoints are not in use.
func (s *served) idle() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.state.All() {
		n += e.Stats().Idle
	}
	return n
}

// Requests at the same time take a connection each.
func TestRequestsAtOnceShareNoConnection(t *testing.T) {
	t.Parallel()
	arrived, answer := make(chan struct{}, 8), make(chan struct{})
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-answer
	})
	p := serve(t)
	p.apply(everything(b.address))
	var clients []*wire
	for range 8 {
		c := p.dial()
		c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		clients = append(clients, c)
	}
	for range 8 {
		receive(t, "a request", arrived)
	}
	close(answer)
	for _, c := range clients {
		c.reply("GET")
	}
	if n := b.accepted.Load(); n != 8 {
		t.Errorf("%d connections to the endpoint, want 8", n)
	}
}
