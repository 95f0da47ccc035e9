// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestAPageOfAnotherOriginReadsWhatItMay(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	cors := &policy.CORS{AllowOrigins: []string{"https://*.example.com"}, AllowMethods: []string{"PUT"}, MaxAge: 5}
	p.apply(everythingBy(func(r *snapshot.Route) { r.Policies = []policy.Policy{cors} }, b.address))
	client := p.dial()
	ask := func(method, origin, more string) reply {
		client.send(method + " / HTTP/1.1\r\nHost: a\r\nOrigin: " + origin + "\r\n" + more + "\r\n")
		return client.reply(method)
	}
	if got := ask("GET", "https://a.example.com", ""); got.Body != "b" || got.Header.Get("Access-Control-Allow-Origin") != "https://a.example.com" {
		t.Errorf("a page that may gets %q with %v", got.Body, got.Header)
	}
	if got := ask("GET", "https://evil.io", ""); got.Body != "b" || got.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a page that may not gets %q with %v", got.Body, got.Header)
	}
	got := ask("OPTIONS", "https://a.example.com", "Access-Control-Request-Method: PUT\r\n")
	if got.Status != 200 || got.reason() != "PreflightAnswered" || got.Header.Get("Access-Control-Allow-Methods") != "PUT" ||
		got.Header.Get("Access-Control-Allow-Origin") != "https://a.example.com" {
		t.Errorf("a preflight gets %d %q with %v", got.Status, got.reason(), got.Header)
	}
}

// A page has to be able to read why it was refused.
func TestAPageReadsWhyItWasRefused(t *testing.T) {
	t.Parallel()
	p := serve(t)
	cors := &policy.CORS{AllowOrigins: []string{"*"}}
	for want, s := range map[string]*snapshot.Snapshot{
		"AccessDenied": everythingBy(func(r *snapshot.Route) {
			r.Policies = []policy.Policy{cors, &policy.Access{Denied: prefixes("127.0.0.0/8")}}
		}),
		"NoHealthyTask": everythingBy(func(r *snapshot.Route) { r.Policies = []policy.Policy{cors} }),
	} {
		p.apply(s)
		client := p.dial()
		client.send("GET / HTTP/1.1\r\nHost: a\r\nOrigin: https://a.io\r\n\r\n")
		if got := client.reply("GET"); got.reason() != want || got.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("got %q with %v, want %s", got.reason(), got.Header, want)
		}
	}
}

// The memory of a long head is given back while its content is on its way.
func TestAPageReadsTheAnswerToALongHead(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	cors := &policy.CORS{AllowOrigins: []string{"https://a.io"}}
	p.apply(everythingBy(func(r *snapshot.Route) { r.Policies = []policy.Policy{cors} }, endpoint.address))
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nOrigin: https://a.io\r\nContent-Length: 10\r\n" + strings.Repeat("X: "+strings.Repeat("y", 9000)+"\r\n", 3) + "\r\nhello")
	up := endpoint.accept()
	up.head()
	up.expect("hello")
	await(t, "the head's end", func() bool { return p.heads.Held() == 0 })
	client.send("hello")
	up.expect("hello")
	up.send(okReply)
	if got := client.reply("POST"); got.Header.Get("Access-Control-Allow-Origin") != "https://a.io" {
		t.Errorf("got %d with %v", got.Status, got.Header)
	}
}
