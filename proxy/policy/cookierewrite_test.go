// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

func TestAttributesOfCookiesAreRewritten(t *testing.T) {
	t.Parallel()
	c := &CookieRewrite{
		Domains: []ValueChange{{From: ".backend.internal", To: ".example.com"}, {Expression: `(?i)^(\w+)\.internal$`, To: "$1.example.com"}},
		Paths:   []ValueChange{{From: "/app/", To: "/"}, {From: "/other", To: "/; Secure; HttpOnly"}, {Expression: "^/user/([^/]+)", To: "/u/$1"}},
	}
	for was, want := range map[string]string{
		"a=b":                                    "a=b",
		"a=b;":                                   "a=b;",
		"":                                       "",
		"path=/app/x":                            "path=/app/x", // the cookie itself
		"a=b; Path=/app/x":                       "a=b; Path=/x",
		"a=b; path = /app/ ; Secure":             "a=b; path =/; Secure",
		"a=b;PATH=/app/;Domain=backend.internal": "a=b;PATH=/;Domain=example.com",
		"a=b; Domain=.Backend.Internal; Path=/app":                         "a=b; Domain=example.com; Path=/app",
		"a=b; Domain=x.backend.internal":                                   "a=b; Domain=x.backend.internal",
		"a=b; Domain=Shop.internal":                                        "a=b; Domain=Shop.example.com",
		"a=b; Path=/app/x; Domain=backend.internal; path=/app/y; domain=x": "a=b; Path=/x; Domain=example.com; path=/y; domain=x",
		"a=b" + strings.Repeat(";path=/app/", 9000):                        "a=b" + strings.Repeat(";path=/", 9000),
		"a=b" + strings.Repeat(";path=/other", 9000):                       "a=b" + strings.Repeat(";path=/other", 9000), // It would become too long.
		"a=b; Path=/other; Max-Age=1":                                      "a=b; Path=/; Secure; HttpOnly; Max-Age=1",
		"a=b; Path=/user/joe/x":                                            "a=b; Path=/u/joe",
		"a=b; Path=/app/x; Path=/app/y":                                    "a=b; Path=/x; Path=/y",
		"a=b; X-Path=/app/x; Pathology":                                    "a=b; X-Path=/app/x; Pathology",
		"a=b; Path":                                                        "a=b; Path",
		"a=b; Domain=":                                                     "a=b; Domain=",
	} {
		steps, err := c.Compile(nil)
		if err != nil {
			t.Fatal(err)
		}
		resp := &message.Response{Fields: fieldsOf("set-cookie", was, "X-Cookie", "a; Path=/app/x", "Set-Cookie", was)}
		steps.Response(new(step.View), resp)
		if diff := cmp.Diff([]string{"set-cookie", want, "X-Cookie", "a; Path=/app/x", "Set-Cookie", want}, passedOn(resp.Fields)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", was, diff)
		}
	}
}

func TestCookieRewriteDiffers(t *testing.T) {
	t.Parallel()
	list := []ValueChange{{From: "a", To: "b"}}
	c := &CookieRewrite{Domains: list}
	for other, want := range map[Policy]bool{
		&CookieRewrite{Domains: list}: true, &CookieRewrite{Paths: list}: false, &CookieRewrite{Domains: list, Paths: list}: false,
		(*CookieRewrite)(nil): false, (*LocationRewrite)(nil): false,
	} {
		if got := c.Equal(other); got != want {
			t.Errorf("%+v: got %t, want %t", other, got, want)
		}
	}
	for _, wrong := range []CookieRewrite{{Domains: []ValueChange{{}}}, {Paths: []ValueChange{{Expression: "("}}}} {
		if _, err := wrong.Compile(nil); err == nil {
			t.Errorf("%+v compiles", wrong)
		}
	}
}

func TestCookieRewriteTakesNoMemoryForWhatStays(t *testing.T) {
	steps, err := (&CookieRewrite{Domains: []ValueChange{{From: "a.a-long-name-that-no-small-buffer-has-room-for.internal", To: "b"}}, Paths: []ValueChange{{From: "/x", To: "/"}}}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v, resp := new(step.View), &message.Response{Fields: fieldsOf("Set-Cookie", "a=b; Domain=b.a-long-name-that-no-small-buffer-has-room-for.internal; Path=/")}
	if n := testing.AllocsPerRun(100, func() {
		steps.Request(v)
		steps.Response(v, resp)
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
