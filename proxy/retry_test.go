// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// An endpoint may close an idle connection at any time, even when a request is on its way. Such a request is sent again
// only if that cannot do any harm.
func TestRequestOnAConnectionThatClosesUnderItIsSentAgainWhereThatIsSafe(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, request string
		again         bool
	}{
		{"GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
		{"HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", true},
		{"OPTIONS", "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", true},
		{"DELETE", "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", true},
		{"PUT of nothing", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", true},
		{"PUT of something", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", false},
		{"GET with content", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", false},
		{"GET with chunked content", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", false},
		{"POST", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", false},
		{"POST of nothing", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", false},
		{"PATCH", "PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", false},
		{"a method nobody knows", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", false},
	} {
		for how, end := range map[string]func(*wire){"closed": func(w *wire) { _ = w.Close() }, "reset": (*wire).abort} {
			t.Run(test.name+" "+how, func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t)
				p.apply(everything(endpoint.address))
				client := p.dial()
				client.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
				up := endpoint.accept()
				up.head()
				up.send(okReply)
				client.reply("GET")

				client.send(test.request)
				up.request()
				end(up)
				method, _, _ := strings.Cut(test.request, " ")
				if test.again {
					up = endpoint.accept()
					if got := up.request(); got.Method != method {
						t.Errorf("the endpoint got %s again, want %s", got.Method, method)
					}
					up.send(okReply)
				}
				got := client.reply(method)
				switch {
				case test.again && got.Status != 200:
					t.Errorf("got %d %q, want 200", got.Status, got.reason())
				case !test.again && (got.Status != 502 || got.reason() != "UpstreamReset"):
					t.Errorf("got %d %q, want 502 UpstreamReset", got.Status, got.reason())
				}
				want := int64(1)
				if test.again {
					want = 2
				}
				if n := endpoint.accepted.Load(); n != want {
					t.Errorf("%d connections to the endpoint, want %d", n, want)
				}
			})
		}
	}
}

// If the proxy can notice the end of an idle connection before it sends anything, no request suffers from it.
func TestConnectionThatClosedWhileItRestedIsNoticedBeforeContentIsSent(t *testing.T) {
	t.Parallel()
	for how, end := range map[string]func(*wire){
		"closed":  func(w *wire) { _ = w.Close() },
		"reset":   (*wire).abort,
		"chatter": func(w *wire) { w.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n") },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			up.send(okReply)
			client.reply("GET")
			end(up)

			client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
			up = endpoint.accept()
			if body, _ := io.ReadAll(up.request().Body); string(body) != "hi" {
				t.Errorf("the endpoint got %q, want hi", body)
			}
			up.send(okReply)
			if got := client.reply("POST"); got.Status != 200 {
				t.Errorf("got %d %q, want 200", got.Status, got.reason())
			}
		})
	}
}

// More idle connections may have died than attempts are allowed. The request still gets a new one.
func TestManyStaleConnectionsCostOneRetry(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	var clients, ups []*wire
	for range 5 {
		c := p.dial()
		c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		up := endpoint.accept()
		up.head()
		clients, ups = append(clients, c), append(ups, up)
	}
	for i, c := range clients {
		ups[i].send(okReply)
		c.reply("GET")
	}
	for _, up := range ups {
		_ = up.Close()
	}
	clients[0].send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send(okReply)
	if got := clients[0].reply("GET"); got.Status != 200 {
		t.Errorf("got %d %q, want 200", got.Status, got.reason())
	}
}

// If a new connection ends, that may be the endpoint's answer to the very request. Another endpoint gets the request
// only if twice is as good as once.
func TestRequestGoesToAnotherEndpointAfterANewConnectionBrokeWhereThatIsSafe(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, request string
		// sent is what the endpoint sends before it closes the connection.
		sent    string
		retries int
		again   bool
	}{
		{"GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", 1, true},
		{"DELETE", "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", "", 1, true},
		{"GET without retries", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", 0, false},
		{"GET that is being answered", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 2", 1, false},
		{"GET with early hints", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n", 1, false},
		{"PUT of something", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", "", 1, false},
		{"POST of nothing", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "", 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint, spare := startScript(t), named(t, "spare")
			p := serve(t)
			p.apply(everythingBy(retries(test.retries), endpoint.address, spare.address))
			client := p.dial()
			client.send(test.request)
			up := endpoint.accept()
			up.request()
			up.send(test.sent)
			_ = up.Close()
			method, _, _ := strings.Cut(test.request, " ")
			got := client.reply(method)
			if got.Status == 103 {
				got = client.reply(method)
			}
			switch {
			case test.again && (got.Status != 200 || got.Body != "spare"):
				t.Errorf("got %d %q, want the other endpoint's answer", got.Status, got.reason())
			case !test.again && (got.Status != 502 || got.reason() != "UpstreamReset"):
				t.Errorf("got %d %q, want 502 UpstreamReset", got.Status, got.reason())
			}
			if n := spare.accepted.Load(); n > 0 != test.again {
				t.Errorf("%d connections to the other endpoint", n)
			}
		})
	}
}

// If an endpoint takes a request and hangs, another one gets the request, if twice is as good as once.
func TestEndpointThatDoesNotAnswerInTimeLeadsToAnother(t *testing.T) {
	t.Parallel()
	for request, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n":                                "",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi":        "UpstreamTimeout",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n": "UpstreamTimeout",
	} {
		endpoint, spare := startScript(t), named(t, "spare")
		p := serve(t)
		p.apply(everythingBy(func(r *snapshot.Route) { r.Timeouts.Response, r.Retries = 2*time.Second, 1 }, endpoint.address, spare.address))
		client := p.dial()
		client.send(request)
		if strings.Contains(request, "chunked") {
			client.send("0\r\n\r\n")
		}
		method, _, _ := strings.Cut(request, " ")
		if got := client.reply(method); got.reason() != want {
			t.Errorf("%q: got %d %q, want %q", request, got.Status, got.reason(), want)
		}
		endpoint.accept()
	}
}

// The time for an answer ends when the answer begins.
func TestResponseMayPauseLongerThanItMayTakeToBegin(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) { r.Timeouts.Response = 2 * time.Second }, endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nla")
	time.Sleep(2500 * time.Millisecond) // the pause that is tested
	up.send("te")
	if got := client.reply("GET"); got.Body != "late" {
		t.Errorf("got %d %q, want all of the answer", got.Status, got.Body)
	}
}

// A dial to an address that is gone may hang for long. It ends when the endpoint goes.
func TestDialEndsWhenItsEndpointGoes(t *testing.T) {
	t.Parallel()
	for name, rest := range map[string]bool{"another takes its place": true, "none is left": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deaf, b := deafAddress(t), named(t, "b")
			p := serve(t)
			p.apply(everythingBy(retries(0), deaf))
			client := p.dial()
			client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
			e := p.endpoint(deaf)
			await(t, "the dial", func() bool { return e.Stats().Dialling == 1 })
			want := "NoHealthyTask"
			if rest {
				want = ""
				p.apply(everythingBy(retries(0), b.address))
			} else {
				p.apply(everythingBy(retries(0)))
			}
			if got := client.reply("POST"); got.reason() != want {
				t.Errorf("got %d %q, want %q", got.Status, got.reason(), want)
			}
			if n := e.Load(); n != 0 {
				t.Errorf("%d requests are still counted", n)
			}
		})
	}
}

// Once retries are more than a few a second, they stay within a fifth of the requests. Two endpoints take no
// connection. One of them is set aside. The other one goes on costing every second request a retry.
func TestRetriesHaveABudget(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	p.apply(everythingBy(retries(3), closedPort(t), closedPort(t), b.address))
	client := p.dial()
	const requests = 1500
	failed, began := 0, time.Now()
	for range requests {
		client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if client.reply("GET").Status != 200 {
			failed++
		}
	}
	// 10 a second are always allowed, which is 100 at once.
	const share, always = 5, 100
	most := max(always, requests/share)
	if beyond := time.Since(began) - 10*time.Second; beyond > 0 { // the first ones are no longer counted after that
		most += int(beyond.Seconds() * 10)
	}
	attempts := 0
	for why := range reason.Count {
		attempts += int(p.engine.Generation.Load().Pool("pool").Failures(why))
	}
	if n := attempts - failed; n > most {
		t.Errorf("%d retries for %d requests, want %d at most", n, requests, most)
	}
	if failed == 0 {
		t.Error("no request failed for want of a retry")
	}
	if retried := requests/2 - failed; retried < always {
		t.Errorf("%d requests were saved, fewer than are always allowed", retried)
	}
}

// Once a response has begun, the request was acted on.
func TestRequestIsNotSentAgainAfterAResponseBegan(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send(okReply)
	client.reply("GET")
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up.head()
	up.send("HTTP/1.1 200 OK\r\nContent-Le")
	_ = up.Close()
	if got := client.reply("GET"); got.Status != 502 || got.reason() != "UpstreamReset" {
		t.Errorf("got %d %q, want 502 UpstreamReset", got.Status, got.reason())
	}
	if n := endpoint.accepted.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestRefusedConnectionLeadsToAnotherEndpoint(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		refuse  int
		retries int
		want    int
	}{
		{"none refuses", 0, 0, 200},
		{"no retry allowed", 1, 0, 502},
		{"one of two", 1, 1, 200},
		{"as many as allowed", 3, 3, 200},
		{"one more than allowed", 3, 2, 502},
	} {
		for _, request := range []string{
			"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", // nothing of it was sent
		} {
			method, _, _ := strings.Cut(request, " ")
			t.Run(test.name+" "+method, func(t *testing.T) {
				t.Parallel()
				b := named(t, "b")
				var addresses []netip.AddrPort
				for range test.refuse {
					addresses = append(addresses, closedPort(t))
				}
				p := serve(t)
				p.apply(everythingBy(retries(test.retries), append(addresses, b.address)...))
				got := p.ask(request)
				if got.Status != test.want {
					t.Errorf("got %d %q, want %d", got.Status, got.reason(), test.want)
				}
				if test.want == 502 && got.reason() != "UpstreamConnectFailed" {
					t.Errorf("reason %q, want UpstreamConnectFailed", got.reason())
				}
			})
		}
	}
}

func TestEveryEndpointRefusesIs502(t *testing.T) {
	t.Parallel()
	a, b := closedPort(t), closedPort(t)
	for name, addresses := range map[string][]netip.AddrPort{
		"two addresses":     {a, b},
		"one address":       {a},
		"one address twice": {a, a},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t)
			p.apply(everythingBy(retries(5), addresses...))
			if got := p.get("a", "/"); got.Status != 502 || got.reason() != "UpstreamConnectFailed" {
				t.Errorf("got %d %q, want 502 UpstreamConnectFailed", got.Status, got.reason())
			}
		})
	}
}

func TestConnectionThatIsNotTakenInTimeIs504(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) { r.Timeouts.Connect = 100 * time.Millisecond }, deafAddress(t)))
	if got := p.get("a", "/"); got.Status != 504 || got.reason() != "UpstreamConnectTimeout" {
		t.Errorf("got %d %q, want 504 UpstreamConnectTimeout", got.Status, got.reason())
	}
}

func TestConnectionThatIsNotTakenInTimeLeadsToAnotherEndpoint(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) { r.Timeouts.Connect, r.Retries = time.Second, 1 }, deafAddress(t), b.address))
	if got := p.get("a", "/"); got.Status != 200 || got.Body != "b" {
		t.Errorf("got %d %q, want the other endpoint's answer", got.Status, got.reason())
	}
}

// The only endpoint goes while a connection to it is being made. It is back before the request looks for another one.
func TestEndpointThatCameBackIsTriedAgain(t *testing.T) {
	t.Parallel()
	deaf := deafAddress(t)
	p := serve(t)
	with := func(weight int) *snapshot.Snapshot {
		s := everythingBy(func(r *snapshot.Route) { r.Timeouts.Connect = patience }, deaf)
		s.Pools[0].Endpoints[0].Weight = weight
		return s
	}
	p.apply(with(1))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	dials := func() uint64 {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.state.At(upstream.Key{Namespace: "default", Address: deaf}).Stats().Dialled
	}
	await(t, "the first dial", func() bool { return dials() == 1 })
	p.mu.Lock()
	e := p.state.At(upstream.Key{Namespace: "default", Address: deaf})
	p.mu.Unlock()
	e.Retire()
	e.Resume()
	await(t, "another dial of the same endpoint", func() bool { return dials() == 2 })
	p.apply(with(0))
	if got := client.reply("GET"); got.reason() != "NoHealthyTask" {
		t.Errorf("got %d %q, want NoHealthyTask once the endpoint takes no requests", got.Status, got.reason())
	}
}
