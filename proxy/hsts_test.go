// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"testing"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// withPolicies gives a route policies.
func withPolicies(policies ...policy.Policy) func(*snapshot.Route) {
	return func(r *snapshot.Route) { r.Policies = policies }
}

// A browser has to be told by whatever answer it gets.
func TestEveryAnswerOverHTTPSTellsBrowsersToStay(t *testing.T) {
	t.Parallel()
	hsts := &policy.HSTS{MaxAge: 60, IncludeSubDomains: true}
	const want = "max-age=60; includeSubDomains"
	b := startEcho(t, "b", "Strict-Transport-Security: max-age=1")
	p := serve(t)
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	certificate := issue(t, "c", ecdsaKey(t), "a")
	for name, s := range map[string]*snapshot.Snapshot{
		"the service's":            everythingBy(withPolicies(hsts), b),
		"of a rule without a task": everythingBy(withPolicies(hsts)),
		"that refuses a client":    everythingBy(withPolicies(hsts, &policy.Access{Denied: prefixes("127.0.0.0/8")}), b),
		"a redirect":               answeringBy(hsts, &policy.Redirect{Status: 302, Host: "b"}),
		"the rule's own":           answeringBy(hsts, &policy.FixedResponse{Status: 200, Body: "hi"}),
	} {
		p.apply(with(s, certificate))
		c, err := dialTLS(t, address, &tls.Config{ServerName: "a"})
		if err != nil {
			t.Fatal(err)
		}
		got := c.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if values := got.Header.Values("Strict-Transport-Security"); len(values) != 1 || values[0] != want {
			t.Errorf("%s: %d with %q, want %q", name, got.Status, values, want)
		}
	}
}

// Over plain HTTP nobody may believe it, and a service that says it all the same is left to.
func TestAnswersOverPlainHTTPTellBrowsersNothing(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	p.apply(everythingBy(withPolicies(&policy.HSTS{MaxAge: 60}), b.address))
	if got := p.get("a", "/"); got.Body != "b" || got.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("got %q with %v", got.Body, got.Header)
	}
	p = serve(t, trust("127.0.0.0/8"))
	p.apply(everythingBy(withPolicies(&policy.HSTS{MaxAge: 60}), b.address))
	got := p.ask("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n")
	if value := got.Header.Get("Strict-Transport-Security"); value != "max-age=60" {
		t.Errorf("behind a trusted proxy that speaks HTTPS: %q", value)
	}
}
