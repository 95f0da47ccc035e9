// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"strings"
	"testing"
)

func TestOldClients(t *testing.T) {
	t.Parallel()
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\nX-Trailer: 1\r\n\r\n"
	for _, test := range []struct {
		name, request, response, want string
		kept                          bool
	}{
		{"without keep-alive", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", okReply, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", false},
		{"with keep-alive", "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", okReply, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok", true},
		{"with keep-alive and close", "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", okReply, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", false},
		{"without a host", "GET / HTTP/1.0\r\n\r\n", okReply, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", false},
		{"chunks become content to the end", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", chunked, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcdef", false},
		{"chunks end a connection that was to be kept", "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", chunked, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcdef", false},
		{"no content", "HEAD / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: keep-alive\r\n\r\n", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send(test.request)
			up := endpoint.accept()
			if head := up.head(); !strings.Contains(head, " HTTP/1.1\r\n") {
				t.Errorf("the endpoint is not spoken to in HTTP/1.1:\n%s", head)
			}
			up.send(test.response)
			client.expect(test.want)
			if !test.kept {
				client.expectEnd()
				return
			}
			client.send("GET /next HTTP/1.0\r\nHost: a\r\n\r\n")
			up.head()
			up.send(okReply)
			client.reply("GET")
			client.expectEnd()
		})
	}
}

func TestPostOfAnOldClient(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")
	up := endpoint.accept()
	if head := up.head(); strings.Contains(head, "Expect") {
		t.Errorf("an expectation of HTTP/1.0 means nothing and must not be forwarded:\n%s", head)
	}
	up.expect("hello")
	up.send(okReply)
	if got := client.reply("POST"); got.Body != "ok" {
		t.Errorf("got %d %q, want ok", got.Status, got.Body)
	}
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	const n = 50
	var all strings.Builder
	for i := range n {
		switch i % 3 {
		case 0:
			fmt.Fprintf(&all, "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", i)
		case 1:
			fmt.Fprintf(&all, "POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", i)
		case 2:
			fmt.Fprintf(&all, "POST /%d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", i)
		}
	}
	client.send(all.String())
	up := endpoint.accept()
	for i := range n {
		request := up.request()
		if want := fmt.Sprintf("/%d", i); request.URL.Path != want {
			t.Fatalf("the endpoint got %s, want %s", request.URL.Path, want)
		}
		// The response is late. No other may take its place.
		body := fmt.Sprintf("answer %d", i)
		up.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
		if got := client.reply(request.Method); got.Body != body {
			t.Fatalf("got %q, want %q", got.Body, body)
		}
	}
	if n := endpoint.accepted.Load(); n != 1 {
		t.Errorf("%d connections to the endpoint, want 1: requests of one connection follow each other", n)
	}
}

// An error in the midst of a pipeline ends it: what follows cannot be told from content.
func TestPipelineEndsAtAMalformedRequest(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	p.apply(everything(b.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if got := client.reply("GET"); got.Status != 200 {
		t.Errorf("got %d, want 200", got.Status)
	}
	if got := client.reply("GET"); got.reason() != "MalformedRequest" || !got.Close {
		t.Errorf("got %d %q, want MalformedRequest and a close", got.Status, got.reason())
	}
	client.expectEnd()
}
