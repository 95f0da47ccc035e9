// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// redirectOf returns where a request for /a/b?q of shop.example.com is sent. The client used a port, over HTTPS or not.
func redirectOf(t *testing.T, r *Redirect, port string, secure bool) (location string, answer step.Answer) {
	t.Helper()
	steps, err := r.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &step.View{Host: []byte("shop.example.com"), Path: []byte("/a/b"), Secure: secure, Request: &message.Request{
		Query: []byte("?q"), Fields: []message.Field{
			{Name: []byte("X-Forwarded-Port"), Value: []byte("666"), Kind: message.Dropped}, // as what an untrusted client says
			{Name: []byte("X-Forwarded-Port"), Value: []byte(port)},
		},
	}}
	answer = steps.Request(v)
	if len(v.Fields) == 1 && string(v.Fields[0].Name) == "Location" {
		location = string(v.Fields[0].Value)
	}
	return location, answer
}

func TestWhereARedirectLeads(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		redirect Redirect
		port     string
		secure   bool
		want     string
	}{
		{"to the same URL", Redirect{}, "80", false, "http://shop.example.com/a/b?q"},
		{"to the same URL over HTTPS", Redirect{}, "443", true, "https://shop.example.com/a/b?q"},
		{"to the same port", Redirect{}, "8080", false, "http://shop.example.com:8080/a/b?q"},
		{"to a scheme", Redirect{Scheme: "https"}, "8080", false, "https://shop.example.com/a/b?q"},
		{"to a scheme down", Redirect{Scheme: "http"}, "443", true, "http://shop.example.com/a/b?q"},
		{"to a host", Redirect{Host: "example.org"}, "80", false, "http://example.org/a/b?q"},
		{"to a host, on the same port", Redirect{Host: "example.org"}, "8443", true, "https://example.org:8443/a/b?q"},
		{"to a port", Redirect{Port: 8080}, "80", false, "http://shop.example.com:8080/a/b?q"},
		{"to the usual port", Redirect{Port: 80}, "8080", false, "http://shop.example.com/a/b?q"},
		{"to the usual port of a scheme", Redirect{Scheme: "https", Port: 443}, "80", false, "https://shop.example.com/a/b?q"},
		{"to the usual port of another scheme", Redirect{Scheme: "https", Port: 80}, "80", false, "https://shop.example.com:80/a/b?q"},
		{"to a path", Redirect{Path: PathChange{Replace: "/x"}}, "80", false, "http://shop.example.com/x?q"},
		{"to a prefix", Redirect{Path: PathChange{Prefix: "/a", Replacement: "/x/"}}, "80", false, "http://shop.example.com/x/b?q"},
		{"to a whole URL", Redirect{Location: "https://example.org/x?y", Host: "ignored"}, "8080", false, "https://example.org/x?y"},
		{"without the query", Redirect{Path: PathChange{Replace: "/x"}, NoQuery: true}, "80", false, "http://shop.example.com/x"},
		{"without a slash at the end", Redirect{Path: PathChange{Replace: "/x/"}, NoQuery: true, NoSlash: true}, "80", false, "http://shop.example.com/x"},
		{"to a root without a slash", Redirect{Scheme: "https", Path: PathChange{Replace: "/"}, NoQuery: true, NoSlash: true}, "80", false, "https://shop.example.com"},
		{"from a port that is none", Redirect{}, "99999", false, "http://shop.example.com/a/b?q"},
	} {
		test.redirect.Status = 301
		location, answer := redirectOf(t, &test.redirect, test.port, test.secure)
		if location != test.want || answer.Reason != reason.Redirected || answer.Status != 301 {
			t.Errorf("%s: got %q and %+v, want %q", test.name, location, answer, test.want)
		}
	}
}

// Without a host, the client used a path alone, and gets one.
func TestRedirectOfARequestWithoutAHost(t *testing.T) {
	t.Parallel()
	steps, err := (&Redirect{Path: PathChange{Replace: "/x"}}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &step.View{Path: []byte("/a"), Request: &message.Request{}}
	steps.Request(v)
	if got := string(v.Fields[0].Value); got != "/x" {
		t.Errorf("got %q", got)
	}
}

func TestRedirectsDiffer(t *testing.T) {
	t.Parallel()
	r := Redirect{Status: 302, Scheme: "https"}
	other := r
	if !r.Equal(&other) || r.Equal(nil) || r.Equal((*Redirect)(nil)) || r.Equal(&Headers{}) {
		t.Error("equal redirects differ, or a redirect equals something else")
	}
	other.Path.Prefix = "/x"
	if r.Equal(&other) {
		t.Error("another prefix is equal")
	}
}

func TestRedirectingTakesNoMemory(t *testing.T) {
	steps, err := (&Redirect{Scheme: "https", Path: PathChange{Prefix: "/a", Replacement: "/x"}}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &step.View{Host: []byte("shop.example.com"), Path: []byte("/a/b"), Request: &message.Request{}, Fields: make([]message.Field, 0, 8), Scratch: make([]byte, 0, 256)}
	if n := testing.AllocsPerRun(100, func() { v.Fields = v.Fields[:0]; steps.Request(v) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
