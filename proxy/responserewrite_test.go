// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/policy"
)

// A client has to find its way back through the rule, whatever its endpoint believes to be.
func TestClientsAreSentWhereTheyCanCome(t *testing.T) {
	t.Parallel()
	b := startEcho(t, "b", "Location: http://backend:8080/login?next=%2F", "Set-Cookie: a=b; Domain=backend; Path=/x/y", "Set-Cookie: c=d", "Refresh: 1; url=http://backend:8080/r")
	p := serve(t)
	p.apply(everythingBy(withPolicies(
		&policy.Headers{Response: policy.HeaderChanges{Append: []policy.Header{{Name: "Set-Cookie", Value: "own=1; Path=/x/y"}}}},
		&policy.Rewrite{Host: "backend:8080"},
		&policy.LocationRewrite{Changes: []policy.ValueChange{{From: "http://backend:8080/", To: "/shop/"}}, Absolute: true},
		&policy.CookieRewrite{Domains: []policy.ValueChange{{From: "backend", To: "example.com"}}, Paths: []policy.ValueChange{{From: "/x/", To: "/shop/"}}},
	), b))
	got := p.get("a.example.com:8000", "/")
	if diff := cmp.Diff([]string{"http://a.example.com:8000/shop/login?next=%2F"}, got.Header.Values("Location")); diff != "" {
		t.Errorf("Location (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1; url=http://a.example.com:8000/shop/r"}, got.Header.Values("Refresh")); diff != "" {
		t.Errorf("Refresh (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a=b; Domain=example.com; Path=/shop/y", "c=d", "own=1; Path=/x/y"}, got.Header.Values("Set-Cookie")); diff != "" {
		t.Errorf("Set-Cookie (-want +got):\n%s", diff)
	}
}

// Where the rule itself sends clients, it means that.
func TestARedirectOfTheRuleIsNotRewritten(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(answeringBy(&policy.LocationRewrite{Changes: []policy.ValueChange{{From: "http://", To: "https://"}}}, &policy.Redirect{Status: 302, Scheme: "http", Host: "b"}))
	if got := p.get("a", "/x"); got.Status != 302 || got.Header.Get("Location") != "http://b/x" {
		t.Errorf("got %d to %q", got.Status, got.Header.Get("Location"))
	}
}
