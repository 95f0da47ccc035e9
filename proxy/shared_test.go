// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// startH2C is startBackend in HTTP/2 without TLS.
func startH2C(tb testing.TB, handler http.HandlerFunc, changes ...func(*http.HTTP2Config)) *backend {
	tb.Helper()
	b := newBackend(handler)
	b.server.Config.Protocols = new(http.Protocols)
	b.server.Config.Protocols.SetUnencryptedHTTP2(true)
	b.server.Config.HTTP2 = new(http.HTTP2Config)
	for _, change := range changes {
		change(b.server.Config.HTTP2)
	}
	b.server.Start()
	b.started(tb)
	return b
}

// inH2C makes the proxy speak HTTP/2 to the endpoints of the snapshot's pools.
func inH2C(s *snapshot.Snapshot) *snapshot.Snapshot {
	for i := range s.Pools {
		s.Pools[i].H2C = true
	}
	return s
}

// startTwoVersions is startTLSBackend with a server that offers HTTP/2 and HTTP/1.1.
func startTwoVersions(tb testing.TB, a *testAuthority, handler http.HandlerFunc) *backend {
	tb.Helper()
	b := newBackend(handler)
	b.server.EnableHTTP2 = true
	b.server.TLS = &tls.Config{Certificates: []tls.Certificate{a.sign(tb, []string{backendName})}}
	b.server.StartTLS()
	b.started(tb)
	return b
}

// sharedEndpoint returns the running state of an address that is spoken to in HTTP/2.
func (s *served) sharedEndpoint(address netip.AddrPort) *balance.Target {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.At(upstream.Key{Namespace: "default", Address: address, H2C: true})
}

func echoed(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = fmt.Fprintf(w, "%s %s %s %q", r.Proto, r.Method, r.Host, body)
}

func TestClientsOfHTTP1ReachEndpointsOfHTTP2(t *testing.T) {
	t.Parallel()
	b := startH2C(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		echoed(w, r)
		_ = http.NewResponseController(w).Flush() // otherwise the length would be known, which leaves no place for trailers
		w.Header().Set("X-Sum", r.Trailer.Get("X-Count"))
	})
	p := serve(t)
	p.apply(inH2C(everything(b.address)))
	client := p.dial()
	long := strings.Repeat("x", 1<<20)
	for _, test := range []struct{ request, want string }{
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", `HTTP/2.0 GET a ""`},
		{"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", ""},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", `HTTP/2.0 POST a "hello"`},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", `HTTP/2.0 POST a ""`},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", `HTTP/2.0 POST a "hello"`},
		{"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n" + long, fmt.Sprintf("HTTP/2.0 PUT a %q", long)},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, X-Own\r\nUpgrade: websocket\r\nX-Own: 1\r\n\r\n", `HTTP/2.0 GET a ""`},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", `HTTP/2.0 GET a ""`},
	} {
		client.send(test.request)
		method, _, _ := strings.Cut(test.request, " ")
		if got := client.reply(method); got.Status != 200 || got.Body != test.want {
			t.Errorf("%.40q: got %d %.80q, want 200 %.80q", test.request, got.Status, got.Body, test.want)
		}
	}
	if n := b.accepted.Load(); n != 1 {
		t.Errorf("%d connections to the endpoint, want 1", n)
	}
	got := p.ask("POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE, close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Count\r\n\r\n5\r\nhello\r\n0\r\nX-Count: 5\r\n\r\n")
	if diff := cmp.Diff([]string{"5"}, got.Trailer["X-Sum"]); diff != "" {
		t.Errorf("trailers (-want +got):\n%s", diff)
	}
}

// A burst of first requests makes one connection.
func TestRequestsShareAConnectionOfHTTP2(t *testing.T) {
	t.Parallel()
	const clients = 40
	arrived, answer := make(chan struct{}, clients), make(chan struct{})
	b := startH2C(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-answer
	})
	p := serve(t)
	p.apply(inH2C(everything(b.address)))
	var all []*wire
	for range clients {
		c := p.dial()
		c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		all = append(all, c)
	}
	for range clients {
		receive(t, "a request", arrived)
	}
	if n := p.sharedEndpoint(b.address).Load(); n != clients {
		t.Errorf("%d requests are counted, want %d", n, clients)
	}
	close(answer)
	for _, c := range all {
		if got := c.reply("GET"); got.Status != 200 {
			t.Errorf("got %d, want 200", got.Status)
		}
	}
	if n := b.accepted.Load(); n != 1 {
		t.Errorf("%d connections to the endpoint, want 1", n)
	}
}

func TestAnotherConnectionIsMadeWhereOneIsFull(t *testing.T) {
	t.Parallel()
	const room, clients = 100, 110
	arrived, answer := make(chan struct{}, clients), make(chan struct{})
	b := startH2C(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/first" {
			arrived <- struct{}{}
			<-answer
		}
	}, func(c *http.HTTP2Config) { c.MaxConcurrentStreams = room })
	p := serve(t)
	p.apply(inH2C(everything(b.address)))
	p.get("a", "/first") // after that it is known how many it takes
	var all []*wire
	for range clients {
		c := p.dial()
		c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		all = append(all, c)
	}
	for range clients {
		receive(t, "a request", arrived)
	}
	close(answer)
	for _, c := range all {
		if got := c.reply("GET"); got.Status != 200 {
			t.Errorf("got %d, want 200", got.Status)
		}
	}
	if n := b.accepted.Load(); n != 2 {
		t.Errorf("%d connections to the endpoint, want 2", n)
	}
}

// Requests are balanced, not connections.
func TestRequestsOfOneConnectionAlternateBetweenEndpoints(t *testing.T) {
	t.Parallel()
	answering := func(name string) *backend {
		return startH2C(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })
	}
	one, other := answering("one"), answering("other")
	p := serve(t, h2c)
	p.apply(inH2C(everything(one.address, other.address)))
	c := p.dialFrames()
	count := make(map[string]int)
	for i := range uint32(20) {
		c.get(2*i+1, "/")
		count[c.answer(2*i+1).body]++
	}
	if diff := cmp.Diff(map[string]int{"one": 10, "other": 10}, count); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEndpointChoosesTheVersionOverTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	both := startTwoVersions(t, a, echoed)
	old := startTLSBackend(t, &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{backendName})}}, echoed)
	for name, test := range map[string]struct {
		backend     *backend
		version     string
		connections int64
	}{
		"HTTP/2":   {both, "HTTP/2.0", 1},
		"HTTP/1.1": {old, "HTTP/1.1", 1},
	} {
		p := serve(t)
		p.apply(over(trusting(a), everything(test.backend.address)))
		for range 3 {
			got := p.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
			if want := test.version + ` POST a "hello"`; got.Body != want {
				t.Errorf("%s: got %d %q, want %q", name, got.Status, got.Body, want)
			}
			// A connection that only one request uses at a time is free for the next a moment after the response.
			await(t, "the connection's return", func() bool { return test.backend != old || p.idle() == 1 })
		}
		if n := test.backend.accepted.Load(); n != test.connections {
			t.Errorf("%s: %d connections to the endpoint, want %d", name, n, test.connections)
		}
	}
}

// One connection of a burst shows that the endpoint speaks HTTP/1.1. No request fails because of that.
func TestRequestsAtOnceToAnEndpointThatChoosesHTTP1TakeAConnectionEach(t *testing.T) {
	t.Parallel()
	const clients = 10
	a := newAuthority(t, "a")
	arrived, answer := make(chan struct{}, clients), make(chan struct{})
	b := startTLSBackend(t, &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{backendName})}}, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-answer
	})
	p := serve(t)
	p.apply(over(trusting(a), everything(b.address)))
	var all []*wire
	for range clients {
		c := p.dial()
		c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		all = append(all, c)
	}
	for range clients {
		receive(t, "a request", arrived)
	}
	close(answer)
	for _, c := range all {
		if got := c.reply("GET"); got.Status != 200 {
			t.Errorf("got %d, want 200", got.Status)
		}
	}
	if n := b.accepted.Load(); n != clients {
		t.Errorf("%d connections to the endpoint, want %d", n, clients)
	}
}

// HTTP/2 has no upgrades, so the connection for one offers only HTTP/1.1.
func TestUpgradeOverTLSReachesAnEndpointThatPrefersHTTP2(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	b := startTwoVersions(t, a, func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 {
			return
		}
		c, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = io.WriteString(c, switched)
		_, _ = io.Copy(c, buffered)
	})
	p := serve(t)
	p.apply(over(trusting(a), everything(b.address)))
	p.get("a", "/") // there is a connection of HTTP/2 now
	client := p.dial()
	client.send(handshake + "early")
	client.expect(switched + "early")
	_ = client.CloseWrite()
	client.expectEnd()
}

func TestStreamsOfARetiredEndpointEndAndThenItsConnection(t *testing.T) {
	t.Parallel()
	arrived, answer := make(chan struct{}), make(chan struct{})
	b := startH2C(t, func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-answer
		_, _ = io.WriteString(w, "ended")
	})
	other := named(t, "other")
	p := serve(t)
	p.apply(inH2C(everything(b.address)))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	receive(t, "the request", arrived)
	p.apply(everything(other.address))
	if got := p.get("a", "/"); got.Body != "other" {
		t.Errorf("got %d %q, want the other endpoint's", got.Status, got.Body)
	}
	close(answer)
	if got := client.reply("GET"); got.Body != "ended" {
		t.Errorf("got %d %q, want what the endpoint answered", got.Status, got.Body)
	}
	await(t, "the connection's end", func() bool { return b.open.Load() == 0 })
}

func TestSharedConnectionThatIsIdleForLongIsClosed(t *testing.T) {
	t.Parallel()
	b := startH2C(t, echoed)
	p := serve(t)
	p.apply(inH2C(everything(b.address)))
	p.get("a", "/")
	e := p.sharedEndpoint(b.address)
	await(t, "the connection's rest", func() bool { return e.Stats().Shared == 1 && e.Stats().Streams == 0 })
	e.Expire(p.engine.Clock.Now() + upstream.IdleTimeout - time.Second)
	if got := p.get("a", "/"); got.Status != 200 || b.accepted.Load() != 1 {
		t.Errorf("got %d over %d connections, want 200 over the one that was there", got.Status, b.accepted.Load())
	}
	await(t, "the connection's rest", func() bool { return e.Stats().Shared == 1 && e.Stats().Streams == 0 })
	e.Expire(p.engine.Clock.Now() + upstream.IdleTimeout + time.Second)
	await(t, "the connection's end", func() bool { return b.open.Load() == 0 && e.Stats().Shared == 0 })
	if got := p.get("a", "/"); got.Status != 200 || b.accepted.Load() != 2 {
		t.Errorf("got %d over %d connections, want 200 over another one", got.Status, b.accepted.Load())
	}
}

// One address may serve two protocols. No connection of one is used for the other.
func TestProtocolsOfOneAddressShareNothing(t *testing.T) {
	t.Parallel()
	b := newBackend(echoed)
	b.server.Config.Protocols = new(http.Protocols)
	b.server.Config.Protocols.SetHTTP1(true)
	b.server.Config.Protocols.SetUnencryptedHTTP2(true)
	b.server.Start()
	b.started(t)
	plain, calls := poolOf("plain", b.address), poolOf("shared", b.address)
	calls.H2C = true
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{hostOf("", prefix("/plain", "plain"), prefix("/shared", "shared"))}, plain, calls))
	for range 3 {
		for path, version := range map[string]string{"/plain": "HTTP/1.1", "/shared": "HTTP/2.0"} {
			if got := p.get("a", path); !strings.HasPrefix(got.Body, version+" ") {
				t.Errorf("%s: got %d %q, want %s", path, got.Status, got.Body, version)
			}
		}
	}
}

func TestEndpointThatDoesNotSpeakHTTP2IsABadGateway(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	p.apply(inH2C(everything(b.address)))
	if got := p.get("a", "/"); got.Status != 502 || got.Body != "UpstreamMalformed: the service does not answer in HTTP/2\n" {
		t.Errorf("got %d %q, want 502 and that it is no HTTP/2", got.Status, got.Body)
	}
}

func TestProbesSpeakHTTP2(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "of nobody's trust")
	answer := func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			w.WriteHeader(http.StatusHTTPVersionNotSupported)
		}
	}
	for name, check := range map[string]snapshot.Check{
		"without TLS": {Address: startH2C(t, answer).address, H2C: true},
		"over TLS":    {Address: startTwoVersions(t, a, answer).address, TLS: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := New(Config{})
			check.Path, check.Expected, check.Timeout = "/health", []snapshot.StatusRange{{First: 200, Last: 299}}, patience
			probes := health.NewProbes(p.dialer, logr.Discard())
			if got := probes.Probe(t.Context(), &check); !got.Healthy || got.Text != "GET /health: 200" {
				t.Errorf("got %+v, want healthy by 200", got)
			}
		})
	}
}

// Many requests wait for one connection. Each is told why there is none. One that waits no longer leaves the connection
// to the others.
func TestConnectionThatManyWaitForFailsForEach(t *testing.T) {
	t.Parallel()
	refused := serve(t)
	refused.apply(inH2C(everything(closedPort(t))))
	deaf := serve(t)
	address := deafAddress(t)
	deaf.apply(inH2C(everythingBy(func(r *snapshot.Route) { r.Timeouts.Connect = 500 * time.Millisecond }, address)))
	for want, p := range map[string]*served{"UpstreamConnectFailed": refused, "UpstreamConnectTimeout": deaf} {
		var all []*wire
		for range 2 { // fewer than set an endpoint aside
			c := p.dial()
			c.send(post)
			all = append(all, c)
		}
		for _, c := range all {
			if got := c.reply("POST"); got.reason() != want {
				t.Errorf("got %d %q, want %s", got.Status, got.Body, want)
			}
		}
	}
	e := deaf.sharedEndpoint(address)
	await(t, "the end of a dial that nobody waits for", func() bool { return e.Stats().Dialling == 0 })
}

// If an endpoint retires while a request waits for a connection to it, the request goes to another one. That costs no
// retry.
func TestWaitForASharedConnectionEndsWithItsEndpoint(t *testing.T) {
	t.Parallel()
	address := deafAddress(t)
	other := startH2C(t, echoed)
	p := serve(t)
	p.apply(inH2C(everythingBy(retries(0), address)))
	client := p.dial()
	client.send(post)
	e := p.sharedEndpoint(address)
	await(t, "the dial", func() bool { return e.Stats().Dialling == 1 })
	p.apply(inH2C(everythingBy(retries(0), other.address)))
	if got := client.reply("POST"); got.Status != 200 {
		t.Errorf("got %d %q, want the other endpoint's answer", got.Status, got.Body)
	}
}
