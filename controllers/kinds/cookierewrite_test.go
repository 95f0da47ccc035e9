// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/policy"
)

var _ = keepsNobodyOut("cookie-rewrite")

func TestReadCookieRewrite(t *testing.T) {
	t.Parallel()
	got, fault := readCookieRewrite(&v1alpha1.CookieRewrite{
		Domains: []v1alpha1.CookieDomain{{From: ".a.internal", To: "example.com"}}, Paths: []v1alpha1.CookiePath{{From: "/a/", To: "/"}}})
	want := &policy.CookieRewrite{Domains: []policy.ValueChange{{From: ".a.internal", To: "example.com"}}, Paths: []policy.ValueChange{{From: "/a/", To: "/"}}}
	if fault != "" {
		t.Fatal(fault)
	}
	if diff := cmp.Diff(*want, *got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	path := func(from, to string) v1alpha1.CookieRewrite {
		return v1alpha1.CookieRewrite{Paths: []v1alpha1.CookiePath{{From: from, To: to}}}
	}
	for want, from := range map[string]v1alpha1.CookieRewrite{
		"cookieRewrite changes nothing":                         {},
		"cookieRewrite lists more than 16 domains or paths":     {Domains: make([]v1alpha1.CookieDomain, 17)},
		`cookieRewrite.domains has "a;b", which is no domain`:   {Domains: []v1alpha1.CookieDomain{{From: "a", To: "a;b"}}},
		`cookieRewrite.domains has "", which is no domain`:      {Domains: []v1alpha1.CookieDomain{{To: "b"}}},
		`cookieRewrite.paths has "a", which is no path`:         path("a", "/"),
		`cookieRewrite.paths has "/; Secure", which is no path`: path("/", "/; Secure"),
		`cookieRewrite.paths has "/\n", which is no path`:       path("/\n", "/"),
		`cookieRewrite.paths has "/` + strings.Repeat("a", 20):  path("/", "/"+strings.Repeat("a", 512)),
	} {
		if got, fault := readCookieRewrite(&from); got != nil || !strings.HasPrefix(fault, want) {
			t.Errorf("got %+v, %q, want %q", got, fault, want)
		}
	}
}
