// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// A server that knows TRACE shows a script what its browser and we added to a request.
func TestTraceIsRefused(t *testing.T) {
	t.Parallel()
	b, certificate := startEcho(t, "b"), issue(t, "a", ecdsaKey(t), "a")
	redirecting := with(everything(b), certificate)
	redirecting.Hosts[0].RedirectHTTPS = true
	for name, s := range map[string]*snapshot.Snapshot{"a rule": everything(b), "no rule": {}, "a redirect": redirecting} {
		p := serve(t, h2c)
		p.apply(s)
		got := p.ask("TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n")
		if got.Status != 405 || got.reason() != "MethodNotAllowed" || got.Header.Get("Allow") != "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" {
			t.Errorf("%s: got %d %q and Allow %q, want 405 MethodNotAllowed", name, got.Status, got.reason(), got.Header.Get("Allow"))
		}
		c := p.dialFrames()
		c.request(1, true, head("TRACE", "/")...)
		if got := c.answer(1); got.fields[":status"] != "405" {
			t.Errorf("%s: got %v over HTTP/2, want 405", name, got.fields)
		}
		if e := p.explain(explain.Question{URL: "http://a/", Method: "TRACE"}); e.Answer.Reason != "MethodNotAllowed" {
			t.Errorf("%s: explain says %+v, want MethodNotAllowed", name, e.Answer)
		}
	}
	p := serve(t)
	p.apply(everything(b))
	if got := p.ask("trace / HTTP/1.1\r\nHost: a\r\n\r\n").outcome(t); got != "b /" {
		t.Errorf("another method, for methods have case: got %q, want b /", got)
	}
}

func TestOptionsForTheProxyItself(t *testing.T) {
	t.Parallel()
	b := startEcho(t, "b")
	p := serve(t, h2c)
	p.apply(everything(b))
	for name, request := range map[string]string{
		"an asterisk":                "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
		"an asterisk and a bound":    "OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 7\r\n\r\n",
		"an asterisk and no host":    "OPTIONS * HTTP/1.0\r\n\r\n",
		"a URL without a path":       "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n",
		"the last server":            "OPTIONS /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n",
		"the last server, in zeros":  "OPTIONS /x HTTP/1.1\r\nHost: a\r\nmax-forwards: 000\r\n\r\n",
		"the last server, for us":    "OPTIONS /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\nContent-Length: 2\r\n\r\nhi",
		"the last by one of several": "OPTIONS /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 2\r\nMax-Forwards: 0\r\n\r\n",
	} {
		got := p.ask(request)
		if got.Status != 200 || got.reason() != "OptionsAnswered" || got.Header.Get("Allow") != "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" {
			t.Errorf("%s: got %d %q and Allow %q, want OptionsAnswered", name, got.Status, got.reason(), got.Header.Get("Allow"))
		}
	}
	c := p.dialFrames()
	c.request(1, true, head("OPTIONS", "*")...)
	if got := c.answer(1); got.fields[":status"] != "200" || got.fields["allow"] == "" {
		t.Errorf("an asterisk over HTTP/2: got %v, want 200 and Allow", got.fields)
	}
	if e := p.explain(explain.Question{URL: "http://a/x", Method: "OPTIONS", Headers: []string{"Max-Forwards: 0"}}); e.Answer.Reason != "OptionsAnswered" {
		t.Errorf("explain says %+v, want OptionsAnswered", e.Answer)
	}
}

// Each server that passes an OPTIONS on counts itself. Max-Forwards means nothing with other methods.
func TestMaxForwardsIsCountedDown(t *testing.T) {
	t.Parallel()
	endpoint, ask := echoHead(t)
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) {
		headersOf(r).Request.Add = []policy.Header{{Name: "Max-Forwards", Value: "10"}}
	}, endpoint.address))
	for _, test := range []struct {
		name, sent string
		want       []string
	}{
		{"OPTIONS", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\n\r\n", []string{"0"}},
		{"OPTIONS with two digits", "OPTIONS / HTTP/1.1\r\nHost: a\r\nmax-forwards: 10\r\n\r\n", []string{"9"}},
		{"OPTIONS with two fields", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 100\r\nMax-Forwards: 12\r\n\r\n", []string{"99", "11"}},
		{"OPTIONS with what is no number", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: many\r\n\r\n", []string{"many"}},
		{"OPTIONS with the rule's", "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", []string{"9"}},
		{"OPTIONS with the rule's, again", "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", []string{"9"}},
		{"GET", "GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n", []string{"0"}},
		{"POST", "POST / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n", []string{"5"}},
	} {
		if diff := cmp.Diff(test.want, ask(p, test.sent).Header[http.CanonicalHeaderKey("Max-Forwards")]); diff != "" {
			t.Errorf("%s: Max-Forwards at the endpoint (-want +got):\n%s", test.name, diff)
		}
	}
}

// Who may not come learns nothing by OPTIONS either.
func TestOptionsMeetsThePoliciesFirst(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) { accessOf(r).Denied = prefixes("127.0.0.0/8") }, startEcho(t, "b")))
	if got := p.ask("OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n"); got.reason() != "AccessDenied" {
		t.Errorf("got %d %q, want AccessDenied", got.Status, got.reason())
	}
}
