// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"net/http"
	"net/netip"
	"testing"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/policy"
)

// oneAtATime lets each client have one request under way.
var oneAtATime = withPolicies(&policy.ConnectionLimit{Connections: 1})

// asLocal asks about a request of the client that tests are.
var asLocal = explain.Question{URL: "http://a/", Peer: netip.AddrFrom4([4]byte{127, 0, 0, 1})}

// expectRoom waits until a client's last request has ended for the limit. That is right after its response.
func expectRoom(t *testing.T, p *served, after string) {
	t.Helper()
	await(t, "room after "+after, func() bool { return p.explain(asLocal).Answer.Reason != "ConnectionsLimited" })
}

func expectLimited(t *testing.T, p *served, during string) {
	t.Helper()
	if got := p.get("a", "/"); got.Status != 429 || got.reason() != "ConnectionsLimited" {
		t.Errorf("during %s: got %d %q, want 429 ConnectionsLimited", during, got.Status, got.reason())
	}
}

const oneReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

func TestARequestIsUnderWayUntilItHasEnded(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(oneAtATime, endpoint.address))
	begin := func(request string) (client, up *wire) {
		client = p.dial()
		client.send(request)
		up = endpoint.accept()
		up.head()
		return client, up
	}
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

	client, up := begin(get)
	expectLimited(t, p, "a request")
	up.send(oneReply[:len(oneReply)-1])
	expectLimited(t, p, "its response")
	up.send("k")
	if got := client.reply("GET"); got.Body != "ok" {
		t.Fatalf("got %+v", got)
	}
	expectRoom(t, p, "a response") // the client's connection rests

	client, up = begin(get)
	client.abort()
	up.expectClosed()
	expectRoom(t, p, "a client went away")

	client, up = begin(get)
	up.abort()
	if got := client.reply("GET"); got.Status != 502 {
		t.Errorf("got %d", got.Status)
	}
	expectRoom(t, p, "a service went away")

	client, up = begin(get)
	up.send(oneReply[:len(oneReply)-1])
	up.abort()
	client.expectTorn("GET")
	expectRoom(t, p, "a response broke off")

	client, up = begin("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
	expectLimited(t, p, "an upload")
	client.abort()
	up.expect("hello")
	up.expectClosed()
	expectRoom(t, p, "a client went away in the midst of an upload")

	client, up = begin("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	up.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	client.head()
	expectLimited(t, p, "a tunnel")
	up.send("hi")
	client.expect("hi")
	expectLimited(t, p, "a tunnel that is used")
	_ = up.Close()
	client.expectEnd()
	_ = client.Close()
	expectRoom(t, p, "a tunnel")
}

func TestARequestThatMeetsAFaultIsNotUnderWayAnyMore(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(oneAtATime, endpoint.address))
	good := p.engine.Generation.Load()
	breakGeneration(p)
	for range 2 { // the second would be refused
		if got := p.get("a", "/"); got.reason() != "InternalError" {
			t.Fatalf("got %d %q", got.Status, got.reason())
		}
	}
	p.engine.Generation.Store(good)
	expectRoom(t, p, "a fault")
}

// What is answered here counts too, and ends with its answer.
func TestARuleThatAnswersHasRoomAfterEachAnswer(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(answeringBy(&policy.ConnectionLimit{Connections: 1}, &policy.FixedResponse{Status: 200, Body: "hi"}))
	client := p.dial()
	for range 3 {
		client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if got := client.reply("GET"); got.Body != "hi" {
			t.Fatalf("got %d %q", got.Status, got.reason())
		}
	}
}

func TestEachStreamIsUnderWay(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	entered := make(chan struct{}, 8)
	b := startBackend(t, func(w http.ResponseWriter, _ *http.Request) {
		entered <- struct{}{}
		<-release
		_, _ = io.WriteString(w, "ok")
	})
	p := serve(t, h2c)
	p.apply(everythingBy(withPolicies(&policy.ConnectionLimit{Connections: 2}), b.address))
	client := p.http2Client(false)
	ended := make(chan int, 2)
	for range 2 {
		go func() {
			resp, err := client.Do(client.request("GET", "/", nil))
			if err != nil {
				ended <- 0
				return
			}
			_ = resp.Body.Close()
			ended <- resp.StatusCode
		}()
		receive(t, "a request at the service", entered)
	}
	resp, _ := client.do(client.request("GET", "/", nil))
	if resp.StatusCode != 429 || client.made.Load() != 1 {
		t.Errorf("a third stream of %d connections: got %d, want 429", client.made.Load(), resp.StatusCode)
	}
	close(release)
	for range 2 {
		if got := receive(t, "a response", ended); got != 200 {
			t.Errorf("got %d", got)
		}
	}
	await(t, "room", func() bool {
		resp, _ := client.do(client.request("GET", "/", nil))
		return resp.StatusCode == 200
	})
}

// Somebody who asks takes no place, and sees what is taken.
func TestExplainSeesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(oneAtATime, endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	for range 2 {
		e := p.explain(asLocal)
		if len(e.Policies) != 1 || e.Policies[0].Text != "of the client, 1 requests are under way, and 1 may be" || e.Answer.Reason != "ConnectionsLimited" {
			t.Errorf("got %+v, %+v", e.Policies, e.Answer)
		}
	}
	up.send(oneReply)
	client.reply("GET")
	expectRoom(t, p, "its response")
}
