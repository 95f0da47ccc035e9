// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fieldsBut drops the fields that every message has.
func fieldsBut(h http.Header, names ...string) map[string][]string {
	left := map[string][]string(h.Clone())
	for _, name := range names {
		delete(left, name)
	}
	return left
}

func TestFieldsOfTheConnectionStayOnIt(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n" +
		"Connection: keep-alive, X-Hop , x-other\r\nConnection: ,X-Third\r\nX-Hop: 1\r\nX-HOP: 2\r\nX-Other: 3\r\nx-third: 4\r\n" +
		"Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: gzip, deflate\r\nUpgrade: websocket\r\nExpect: nothing-we-know\r\n" +
		"X-End: to-end\r\nTrailer: X-Sum\r\nProxy-Authorization: Basic eA==\r\n\r\n")
	up := endpoint.accept()
	got := up.request()
	want := map[string][]string{"X-End": {"to-end"}, "Proxy-Authorization": {"Basic eA=="}}
	if diff := cmp.Diff(want, fieldsBut(got.Header, "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto",
		"X-Real-Ip", "X-Request-Id", "Cdn-Loop", "Trailer")); diff != "" {
		t.Errorf("fields at the endpoint (-want +got):\n%s", diff)
	}
	up.send("HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nconnection: keep-alive, x-other\r\nX-Hop: 1\r\nX-Other: 2\r\nKeep-Alive: timeout=5\r\n" +
		"Proxy-Connection: close\r\nUpgrade: h2c\r\nX-End: to-end\r\nContent-Length: 2\r\n\r\nok")
	answer := client.reply("GET")
	if diff := cmp.Diff(map[string][]string{"X-End": {"to-end"}, "Content-Length": {"2"}}, fieldsBut(answer.Header, "X-Request-Id")); diff != "" {
		t.Errorf("fields at the client (-want +got):\n%s", diff)
	}
	if answer.Close {
		t.Error("the connection is to be closed; the endpoint has no say in that")
	}
}

// A client may name a field in Connection that frames or routes the message. The proxy and the endpoint must still read
// the message alike.
func TestConnectionCannotNameAwayWhatFramesTheMessage(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: Host, Content-Length, Transfer-Encoding\r\nContent-Length: 2\r\n\r\nhi")
	up := endpoint.accept()
	got := up.request()
	if got.Host != "a" || got.ContentLength != 2 {
		t.Errorf("the endpoint got host %q and length %d, want a and 2", got.Host, got.ContentLength)
	}
	up.send("HTTP/1.1 200 OK\r\nConnection: Content-Length\r\nContent-Length: 2\r\n\r\nok")
	if answer := client.reply("POST"); answer.Body != "ok" || answer.Length != 2 {
		t.Errorf("the client got %q of length %d, want ok", answer.Body, answer.Length)
	}
}

// Each side's Connection: close is for its own connection.
func TestConnectionCloseOfAClientIsNotTheEndpoints(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	p.apply(everything(b.address))
	for range 3 {
		client := p.dial()
		client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if got := client.reply("GET"); !got.Close {
			t.Error("the response does not say that the connection closes")
		}
		client.expectEnd()
	}
	if n := b.accepted.Load(); n != 1 {
		t.Errorf("%d connections to the endpoint, want 1", n)
	}
}

// The target, and the fields that nobody has to change, reach the endpoint byte for byte.
func TestRequestHeadIsForwardedAsItCame(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, trust("127.0.0.1/32"))
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("GET /a%2Fb/c|d?q=%zz&\"x\"=/../ HTTP/1.1\r\nhost: Shop.Example.COM:8000\r\nx-ODD-case:  v\xe4lue\twith tab  \r\nCookie: a=1\r\nCookie: b=2\r\n" +
		"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Host: h\r\nx-request-ID: 7\r\n\r\n")
	up := endpoint.accept()
	want := "GET /a%2Fb/c|d?q=%zz&\"x\"=/../ HTTP/1.1\r\nHost: Shop.Example.COM:8000\r\nx-ODD-case: v\xe4lue\twith tab\r\nCookie: a=1\r\nCookie: b=2\r\n" +
		"X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Host: h\r\nx-request-ID: 7\r\nX-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\n" +
		"CDN-Loop: " + markAt(p) + "\r\n\r\n"
	if diff := cmp.Diff(want, up.head()); diff != "" {
		t.Errorf("head at the endpoint (-want +got):\n%s", diff)
	}
	up.send("HTTP/1.1 299 Quite\tfine\r\nx-ODD-case: \xe4\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nDate: now\r\nServer: s\r\nContent-Length: 0\r\n\r\n")
	want = "HTTP/1.1 299 Quite\tfine\r\nx-ODD-case: \xe4\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nDate: now\r\nServer: s\r\nContent-Length: 0\r\n\r\n"
	if diff := cmp.Diff(want, withoutRequestID(client.head())); diff != "" {
		t.Errorf("head at the client (-want +got):\n%s", diff)
	}
}
