// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/policy"
	scripts "github.com/warren-dev/ingress/proxy/script"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// scripted is a host with two paths, each with an endpoint of its own, and scripts for them.
func scripted(a, b netip.AddrPort, atA, atB []policy.Policy) *snapshot.Snapshot {
	routeA, routeB := prefix("/a", "a"), prefix("/b", "b")
	routeA.Policies, routeB.Policies = atA, atB
	return snapshotOf([]snapshot.Host{hostOf("", routeA, routeB)}, poolOf("a", a), poolOf("b", b))
}

func last(expression, replacement string) *policy.Script {
	return &policy.Script{Location: []scripts.Step{{Op: scripts.RewriteLast, Expression: expression, Value: replacement}}}
}

// A rule's access control is asked of the rule that a request comes to at last, and of no other.
func TestAScriptHasTheRouteLookedForAnew(t *testing.T) {
	t.Parallel()
	a, b := startEcho(t, "at a"), startEcho(t, "at b")
	denied := &policy.Access{Denied: prefixes("127.0.0.0/8")}
	p := serve(t)
	for name, test := range map[string]struct {
		snapshot      *snapshot.Snapshot
		target        string
		status        int
		reason, lines string
	}{
		"to another rule":                 {scripted(a, b, []policy.Policy{last("^/a/(.*)$", "/b/$1")}, nil), "/a/x?q", 200, "", "at b\nGET /b/x?q"},
		"past the access control":         {scripted(a, b, []policy.Policy{last("^/a", "/b"), denied}, nil), "/a", 200, "", "at b\nGET /b "},
		"to the access control":           {scripted(a, b, []policy.Policy{last("^/a", "/b")}, []policy.Policy{denied}), "/a", 403, "AccessDenied", ""},
		"to no rule":                      {scripted(a, b, []policy.Policy{last("^/a", "/c")}, nil), "/a", 404, "RouteNotFound", ""},
		"to itself, again and again":      {scripted(a, b, []policy.Policy{last("^", "/a")}, nil), "/a", 500, "FixedResponse", ""},
		"there and back, again and again": {scripted(a, b, []policy.Policy{last("^", "/b")}, []policy.Policy{last("^", "/a")}), "/a", 500, "FixedResponse", ""},
		"above the root":                  {scripted(a, b, []policy.Policy{last("^/a", "/../b")}, nil), "/a", 400, "MalformedPath", ""},
		"a path that was spelled otherwise": {
			scripted(a, b, []policy.Policy{last("^/a/(.*)$", "/b/$1")}, nil), "/a//x", 200, "", "at b\nGET /b/x",
		},
	} {
		p.apply(test.snapshot)
		client := p.dial()
		client.send("GET " + test.target + " HTTP/1.1\r\nHost: a\r\n\r\n")
		if got := client.reply("GET"); got.Status != test.status || got.reason() != test.reason || !strings.HasPrefix(got.Body, test.lines) {
			t.Errorf("%s: got %d %s %q, want %d %s %q", name, got.Status, got.reason(), got.Body, test.status, test.reason, test.lines)
		}
	}
}

// A response finds what the request said, although the request's head is gone by then.
func TestAScriptChangesWhatBothSidesSee(t *testing.T) {
	t.Parallel()
	a := startEcho(t, "a", "X-Powered-By: x", "Cache-Control: private")
	script := &policy.Script{
		Location: []scripts.Step{
			{Op: scripts.Set, Variable: "who", Value: "$http_x_who-$arg_q"},
			{Op: scripts.IfEqual, Variable: "arg_q", Value: "stop", Steps: 1},
			{Op: scripts.Return, Status: 200, Value: "stopped $uri", ContentType: "text/plain"},
		},
		Fields: scripts.Level{
			Proxy:   []scripts.Field{{Name: "X-Sent", Value: "$who $request_uri"}},
			Hide:    []string{"x-powered-by"},
			Expires: scripts.Expires{Op: scripts.ExpiresMax},
			Add:     []scripts.Field{{Name: "X-Told", Value: "$who", Op: scripts.FieldAppend}},
		},
	}
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) { r.Policies = []policy.Policy{script} }, a))
	client := p.dial()
	client.send("GET /a%41//b?q=1 HTTP/1.1\r\nHost: a\r\nX-Who: me\r\n\r\n")
	got := client.reply("GET")
	if !strings.Contains(got.Body, "X-Sent: me-1 /a%41//b?q=1\r\n") {
		t.Errorf("the endpoint got %q", got.Body)
	}
	for name, want := range map[string]string{"X-Told": "me-1", "X-Powered-By": "", "Cache-Control": "max-age=315360000"} {
		if value := strings.Join(got.Header[name], "|"); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	client.send("GET /a?q=stop HTTP/1.1\r\nHost: a\r\n\r\n")
	got = client.reply("GET")
	if got.Status != 200 || got.Body != "stopped /a" || got.Header.Get("Content-Type") != "text/plain" || strings.Join(got.Header["X-Told"], "|") != "-stop" {
		t.Errorf("got %d %q with %v", got.Status, got.Body, got.Header)
	}
}

// Whoever asks sees which directives a request meets, in every location that it comes to.
func TestExplainShowsEachDirective(t *testing.T) {
	t.Parallel()
	a, b := startEcho(t, "at a"), startEcho(t, "at b")
	first := &policy.Script{Location: []scripts.Step{
		{Line: 1, Text: "set $a $arg_q", Op: scripts.Set, Variable: "a", Value: "$arg_q"},
		{Line: 2, Text: "if ($a = 1)", Op: scripts.IfEqual, Variable: "a", Value: "1", Steps: 1},
		{Line: 3, Text: "rewrite ^/a/(.*)$ /b/$1 last", Op: scripts.RewriteLast, Expression: "^/a/(.*)$", Value: "/b/$1"},
		{Line: 5, Text: "return 403", Op: scripts.Return, Status: 403},
	}}
	then := &policy.Script{Location: []scripts.Step{
		{Line: 1, Text: "if ($uri ~ x)", Op: scripts.IfMatch, Variable: "uri", Expression: "x", Steps: 1},
		{Line: 2, Text: "return 404", Op: scripts.Return, Status: 404},
	}}
	p := serve(t)
	p.apply(scripted(a, b, []policy.Policy{first}, []policy.Policy{then}))
	for url, want := range map[string][]string{
		"http://a/a/y?q=1": {`line 1: set $a $arg_q ("1")`, "line 2: if ($a = 1): yes", `line 3: rewrite ^/a/(.*)$ /b/$1 last ("/b/y")`, "line 1: if ($uri ~ x): no"},
		"http://a/a/y":     {"line 1: set $a $arg_q", "line 2: if ($a = 1): no", "line 5: return 403"},
	} {
		e, err := p.Explainer().Explain(&explain.Question{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, shown := range e.Policies {
			if shown.Name != "script" {
				t.Errorf("%s: %+v", url, shown)
			}
			got = append(got, shown.Text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", url, diff)
		}
	}
}
