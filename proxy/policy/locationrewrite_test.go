// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// relocated returns the fields that a response has after a rewrite.
func relocated(t *testing.T, l *LocationRewrite, v *step.View, fields ...string) []string {
	t.Helper()
	steps, err := l.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	if v.Request == nil {
		v.Request = new(message.Request)
	}
	steps.Request(v)
	v.Request = nil // the head may be gone by then
	resp := &message.Response{Fields: fieldsOf(fields...)}
	steps.Response(v, resp)
	return passedOn(resp.Fields)
}

func TestChangesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for _, c := range []ValueChange{{To: "/x"}, {From: "/", To: "/\r\nX: 1"}, {Expression: "/", To: "\x00"}, {Expression: "(", To: "/"}} {
		changes := []ValueChange{c}
		for _, p := range []Policy{&LocationRewrite{Changes: changes}, &CookieRewrite{Paths: changes}, &CookieRewrite{Domains: changes}} {
			if _, err := p.Compile(nil); err == nil {
				t.Errorf("%s takes %+v", p.Name(), c)
			}
		}
	}
}

func TestURLsThatClientsAreSentTo(t *testing.T) {
	t.Parallel()
	prefix := []ValueChange{{From: "http://backend:8080/", To: "/app/"}, {From: "http://backend", To: "https://shop.example.com"}}
	expression := []ValueChange{{Expression: `^http://([^:/]+):\d+(/.*)$`, To: "https://$1$2"}}
	for _, test := range []struct {
		changes  []ValueChange
		url, was string
	}{
		{prefix, "/app/login?next=/", "http://backend:8080/login?next=/"},
		{prefix, "/app/", "http://backend:8080/"},
		{prefix, "https://shop.example.com:81/x", "http://backend:81/x"}, // the second of them
		{prefix, "https://backend:8080/x", "https://backend:8080/x"},
		{prefix, "HTTP://backend:8080/x", "HTTP://backend:8080/x"}, // a service writes it in one way
		{prefix, "/login", "/login"},
		{prefix, "", ""},
		{expression, "https://a/x", "http://a:81/x"},
		{expression, "http://a/x", "http://a/x"},
		// All of a value that an expression matches is replaced.
		{[]ValueChange{{Expression: "secret", To: "/public"}}, "/public", "http://a/secret/b"},
		{[]ValueChange{{Expression: "(a+)", To: "$1$1"}}, strings.Repeat("a", 8<<10), strings.Repeat("a", 4<<10)},
		{[]ValueChange{{Expression: "(a+)", To: "$1$1"}}, strings.Repeat("a", 9<<10), strings.Repeat("a", 9<<10)}, // too long
	} {
		l := &LocationRewrite{Changes: test.changes}
		if diff := cmp.Diff([]string{"location", test.url}, relocated(t, l, &step.View{}, "location", test.was)); diff != "" {
			t.Errorf("%.80s (-want +got):\n%s", test.was, diff)
		}
		if diff := cmp.Diff([]string{"Refresh", "3; URL=" + test.url}, relocated(t, l, &step.View{}, "Refresh", "3; URL="+test.was)); diff != "" {
			t.Errorf("refreshed: %.80s (-want +got):\n%s", test.was, diff)
		}
	}
	l := &LocationRewrite{Changes: prefix}
	for _, fields := range [][]string{
		{"Refresh", "3"}, {"Refresh", "http://backend:8080/x"}, {"Refresh", "3; url"}, {"Content-Location", "http://backend:8080/x"}, {"X-Location", "http://backend:8080/"},
	} {
		if diff := cmp.Diff(fields, relocated(t, l, &step.View{}, fields...)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff([]string{"Location", "http://backend:8080/"}, relocated(t, l, &step.View{Own: true}, "Location", "http://backend:8080/")); diff != "" {
		t.Errorf("of the rule's own (-want +got):\n%s", diff)
	}
}

func TestPathsThatWereMadeAreSentAsURLs(t *testing.T) {
	t.Parallel()
	changes := []ValueChange{{From: "http://backend/", To: "/"}}
	for _, test := range []struct {
		was, want string
		secure    bool
		host      string
		fields    []string
	}{
		{"http://backend/x", "http://a.io/x", false, "a.io", nil},
		{"http://backend/x", "https://a.io/x", true, "a.io", []string{"X-Forwarded-Port", "443"}},
		{"http://backend/x", "https://a.io:8443/x", true, "a.io", []string{"X-Forwarded-Port", "8443"}},
		{"http://backend/x", "http://a.io:8080/x", false, "a.io", []string{"X-Forwarded-Port", "8080"}},
		{"http://backend/x", "/x", false, "", nil},        // a client of HTTP/1.0 may name no host
		{"http://backend//b/x", "//b/x", false, "a", nil}, // another host's
		{"/x", "/x", false, "a.io", nil},                  // as the endpoint says
		{"https://b.io/x", "https://b.io/x", true, "", nil},
	} {
		v := &step.View{Secure: test.secure, Host: []byte(test.host), Request: &message.Request{Fields: fieldsOf(test.fields...)}}
		got := relocated(t, &LocationRewrite{Changes: changes, Absolute: true}, v, "Location", test.was)
		if diff := cmp.Diff([]string{"Location", test.want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.was, diff)
		}
	}
}

func TestLocationRewriteDiffers(t *testing.T) {
	t.Parallel()
	l := &LocationRewrite{Changes: []ValueChange{{From: "a", To: "b"}}}
	for other, want := range map[Policy]bool{
		&LocationRewrite{Changes: []ValueChange{{From: "a", To: "b"}}}:                 true,
		&LocationRewrite{Changes: []ValueChange{{From: "a", To: "c"}}}:                 false,
		&LocationRewrite{Changes: []ValueChange{{From: "a", To: "b"}}, Absolute: true}: false,
		(*LocationRewrite)(nil): false, (*Rewrite)(nil): false,
	} {
		if got := l.Equal(other); got != want {
			t.Errorf("%+v: got %t, want %t", other, got, want)
		}
	}
	for _, c := range []ValueChange{{To: "a"}, {Expression: "(", To: "a"}} {
		if _, err := (&LocationRewrite{Changes: []ValueChange{c}}).Compile(nil); err == nil {
			t.Errorf("%+v compiles", c)
		}
	}
}

func TestLocationRewriteTakesNoMemoryForWhatStays(t *testing.T) {
	steps, err := (&LocationRewrite{Changes: []ValueChange{{From: "http://backend/", To: "/"}}, Absolute: true}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v, resp := &step.View{Request: new(message.Request)}, &message.Response{Fields: fieldsOf("Location", "https://a.io/", "Refresh", "1; url=/")}
	if n := testing.AllocsPerRun(100, func() {
		steps.Request(v)
		steps.Response(v, resp)
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
