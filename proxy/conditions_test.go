// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// conditional is a route to a pool for those requests that meet the conditions.
func conditional(path, pool string, c snapshot.Conditions) snapshot.Route {
	r := prefix(path, pool)
	r.Conditions = &c
	return r
}

func is(name, value string) []snapshot.Condition {
	return []snapshot.Condition{{Name: name, Value: value}}
}

func matches(name, expression string) []snapshot.Condition {
	return []snapshot.Condition{{Name: name, Value: expression, Match: snapshot.ValueRegularExpression}}
}

// conditionalRoutes has several routes for one path, each with a pool of its name.
func conditionalRoutes(t *testing.T) *snapshot.Snapshot {
	t.Helper()
	return snapshotOf([]snapshot.Host{
		hostOf("a",
			conditional("/cart", "canary", snapshot.Conditions{Headers: is("x-canary", "always")}),
			conditional("/cart", "version", snapshot.Conditions{Query: matches("v", "2(\\.[0-9]+)?")}),
			conditional("/cart", "writers", snapshot.Conditions{Methods: []string{"POST", "PUT"}}),
			conditional("/cart", "joined", snapshot.Conditions{Headers: matches("x-list", "a, *b")}),
			conditional("/cart", "cookie", snapshot.Conditions{Headers: matches("cookie", "(.*; )?beta=1(; .*)?")}),
			prefix("/", "rest"),
		),
	}, echoes(t, "canary", "version", "writers", "joined", "cookie", "rest")...)
}

func TestConditionsDecideWhoServes(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c)
	p.apply(with(conditionalRoutes(t), issue(t, "a", ecdsaKey(t), "a")))
	tests := []struct {
		method, path string
		fields       []string
		want         string
	}{
		{"GET", "/cart", nil, "rest"},
		{"GET", "/cart/x", []string{"X-Canary: always"}, "canary"},
		{"GET", "/cart", []string{"x-canary: Always"}, "rest"},
		{"GET", "/other", []string{"X-Canary: always"}, "rest"},
		{"GET", "/cart?v=2", nil, "version"},
		{"GET", "/cart?a=b&v=2%2E1", nil, "version"},
		{"GET", "/cart?v=2.1.1", nil, "rest"},
		{"GET", "/cart?v=3&v=2", nil, "rest"},
		{"GET", "/cart?v=2", []string{"X-Canary: always"}, "canary"},
		{"POST", "/cart?v=2", []string{"X-Canary: always"}, "writers"},
		{"PUT", "/cart", nil, "writers"},
		{"DELETE", "/cart", nil, "rest"},
		{"GET", "/cart", []string{"X-List: a", "X-List: b"}, "joined"},
		{"GET", "/cart", []string{"X-List: b", "X-List: a"}, "rest"},
		{"GET", "/cart", []string{"Cookie: a=1; beta=1"}, "cookie"},
		{"GET", "/cart", []string{"Cookie: a=1", "Cookie: beta=1"}, "cookie"},
		{"GET", "/cart%2Fx", []string{"X-Canary: always"}, "400 AmbiguousPath"},
		{"GET", "/cart%2Fx", nil, "rest"},
		{"GET", "/cart/x%2Fy", []string{"X-Canary: always"}, "canary"},
		{"GET", "/cart/x%2Fy/%2e%2e/%2e%2e", []string{"X-Canary: always"}, "rest"},
	}
	t.Run("HTTP/1.1", func(t *testing.T) {
		for _, test := range tests {
			fields := ""
			for _, f := range test.fields {
				fields += f + "\r\n"
			}
			got := p.ask(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n%s\r\n", test.method, test.path, fields)).outcome(t)
			if by, _, _ := strings.Cut(got, " /"); by != test.want {
				t.Errorf("%s %s %q: got %q, want %q", test.method, test.path, test.fields, by, test.want)
			}
		}
	})
	overHTTP2 := func(secure bool) func(t *testing.T) {
		return func(t *testing.T) {
			c := p.http2Client(secure)
			for _, test := range tests {
				r := c.request(test.method, test.path, nil)
				for _, f := range test.fields {
					name, value, _ := strings.Cut(f, ": ")
					r.Header.Add(name, value)
				}
				resp, body := c.do(r)
				by, _, _ := strings.Cut(body, "\n")
				if resp.StatusCode != http.StatusOK {
					reason, _, _ := strings.Cut(body, ":")
					by = fmt.Sprint(resp.StatusCode, " ", reason)
				}
				if by != test.want {
					t.Errorf("%s %s %q: got %q, want %q", test.method, test.path, test.fields, by, test.want)
				}
			}
		}
	}
	t.Run("HTTP/2 with prior knowledge", overHTTP2(false))
	t.Run("HTTP/2 over TLS", overHTTP2(true))
}

// Conditions are compared with what the client sent: what a policy of the route adds, or a client has taken out on the
// way, decides nothing.
func TestConditionsSeeTheRequestBeforePolicies(t *testing.T) {
	t.Parallel()
	changed := conditional("/", "set", snapshot.Conditions{Headers: is("x-a", "1")})
	*headersOf(&changed) = policy.Headers{Request: policy.HeaderChanges{Set: []policy.Header{{Name: "X-A", Value: "2"}}}}
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{hostOf("a",
		changed,
		conditional("/", "two", snapshot.Conditions{Headers: is("x-a", "2")}),
		conditional("/", "digit", snapshot.Conditions{Headers: matches("x-a", "[0-9]")}),
		prefix("/", "rest"),
	)}, echoes(t, "set", "two", "digit", "rest")...))
	for fields, want := range map[string]string{
		"X-A: 1\r\n": "set /", "X-A: 2\r\n": "two /", "X-A: 3\r\n": "digit /", "": "rest /", "Connection: x-a\r\nX-A: 1\r\n": "rest /",
	} {
		if got := p.ask("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n").outcome(t); got != want {
			t.Errorf("%q: got %q, want %q", fields, got, want)
		}
	}
	var got []string
	for _, c := range p.explain(explain.Question{URL: "http://a/", Headers: []string{"X-A: 1"}}).Candidates {
		got = append(got, c.Service+": "+c.Why)
	}
	if diff := cmp.Diff([]string{
		"default/set: the most specific rule that matches",
		"default/digit: matches, but a rule for the same path that asks for as much is older, or earlier in its object",
		"default/rest: matches, but a rule for the same path that asks for more goes before",
		`default/two: does not match: the path does, but the rule asks for header x-a is "2"`,
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestExplainSaysWhichConditionDoesNotMatch(t *testing.T) {
	t.Parallel()
	p := serve(t)
	older, younger := conditional("/", "older", snapshot.Conditions{Headers: is("a", "1")}), conditional("/", "younger", snapshot.Conditions{Headers: is("b", "1")})
	written := snapshotOf([]snapshot.Host{
		hostOf("a", older, younger,
			conditional("/", "both", snapshot.Conditions{Headers: append(is("a", "1"), is("b", "1")...)}),
			conditional("/", "versioned", snapshot.Conditions{Headers: is("a", "1"), Query: matches("v", "[0-9]")}),
			conditional("/", "put", snapshot.Conditions{Methods: []string{"PATCH", "PUT"}})),
	}, poolOf("older"), poolOf("younger"), poolOf("both"), poolOf("versioned"), poolOf("put"))
	written.Unserved = []snapshot.Unserved{{
		Host: "a", Path: "/", Conditions: older.Conditions, Service: "default/late", Reason: "PathConflict", Why: "told so",
	}}
	p.apply(written)
	for _, test := range []struct {
		question explain.Question
		want     []string
		hints    []string
	}{
		{explain.Question{URL: "http://a/", Headers: []string{"A: 1", "B: 1"}}, []string{
			`both (header a is "1"; header b is "1"): the most specific rule that matches`,
			`older (header a is "1"): matches, but a rule for the same path that asks for more headers goes before`,
			`younger (header b is "1"): matches, but a rule for the same path that asks for more headers goes before`,
			`late (header a is "1"): matches, but is not served, PathConflict: told so`,
			`put (method PATCH or PUT): does not match: the path does, but the rule asks for method PATCH or PUT`,
			`versioned (header a is "1"; query parameter v matches "[0-9]"): does not match: the path does, but the rule asks for query parameter v matches "[0-9]"`,
		}, nil},
		{explain.Question{URL: "http://a/?v=1", Headers: []string{"A: 1"}}, []string{
			`versioned (header a is "1"; query parameter v matches "[0-9]"): the most specific rule that matches`,
			`older (header a is "1"): matches, but a rule for the same path that asks for more query parameters goes before`,
			`late (header a is "1"): matches, but is not served, PathConflict: told so`,
			`put (method PATCH or PUT): does not match: the path does, but the rule asks for method PATCH or PUT`,
			`both (header a is "1"; header b is "1"): does not match: the path does, but the rule asks for header b is "1"`,
			`younger (header b is "1"): does not match: the path does, but the rule asks for header b is "1"`,
		}, nil},
		{explain.Question{URL: "http://a/", Method: "PUT", Headers: []string{"B: 1"}}, []string{
			`put (method PATCH or PUT): the most specific rule that matches`,
			`younger (header b is "1"): matches, but a rule for the same path that names the method goes before one that does not`,
			`both (header a is "1"; header b is "1"): does not match: the path does, but the rule asks for header a is "1"`,
			`versioned (header a is "1"; query parameter v matches "[0-9]"): does not match: the path does, but the rule asks for header a is "1"; query parameter v matches "[0-9]"`,
			`older (header a is "1"): does not match: the path does, but the rule asks for header a is "1"`,
			`late (header a is "1"): does not match: the path does, but the rule asks for header a is "1"`,
		}, nil},
		{explain.Question{URL: "http://a/"}, []string{
			`put (method PATCH or PUT): does not match: the path does, but the rule asks for method PATCH or PUT`,
			`both (header a is "1"; header b is "1"): does not match: the path does, but the rule asks for header a is "1"; header b is "1"`,
			`versioned (header a is "1"; query parameter v matches "[0-9]"): does not match: the path does, but the rule asks for header a is "1"; query parameter v matches "[0-9]"`,
			`older (header a is "1"): does not match: the path does, but the rule asks for header a is "1"`,
			`younger (header b is "1"): does not match: the path does, but the rule asks for header b is "1"`,
			`late (header a is "1"): does not match: the path does, but the rule asks for header a is "1"`,
		}, []string{"rules for this host are above; those that have the path ask for more"}},
	} {
		e := p.explain(test.question)
		var got []string
		for _, c := range e.Candidates {
			got = append(got, fmt.Sprintf("%s (%s): %s", strings.TrimPrefix(c.Service, "default/"), c.Conditions, c.Why))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test.question, diff)
		}
		if diff := cmp.Diff(test.hints, e.Hints); diff != "" {
			t.Errorf("%+v: hints (-want +got):\n%s", test.question, diff)
		}
	}
}
