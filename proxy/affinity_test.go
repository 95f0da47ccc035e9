// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// hashedOn serves five endpoints by the Hash policy. Each answers its name.
func hashedOn(t *testing.T, on snapshot.HashOn, name string, changes ...func(*Config)) *served {
	t.Helper()
	var addresses []netip.AddrPort
	for i := range 5 {
		addresses = append(addresses, named(t, fmt.Sprint("endpoint-", i)).address)
	}
	p := serve(t, changes...)
	p.apply(everythingBy(func(r *snapshot.Route) {
		r.Balancing = snapshot.Balancing{Policy: snapshot.Hash, HashOn: on, Name: name}
	}, addresses...))
	return p
}

func TestHashGoesByWhatTheRouteSays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		on     snapshot.HashOn
		key    string
		fields func(user int) string
		// one is set if all users count as one.
		one bool
	}{
		{"client", snapshot.HashOnClient, "", func(i int) string { return fmt.Sprintf("X-Forwarded-For: 203.0.113.%d", i) }, false},
		{"header", snapshot.HashOnHeader, "x-user", func(i int) string { return fmt.Sprintf("X-User: %d", i) }, false},
		{"another header", snapshot.HashOnHeader, "x-user", func(i int) string { return fmt.Sprintf("X-User: 1\r\nX-Other: %d", i) }, true},
		{"cookie", snapshot.HashOnCookie, "id", func(i int) string { return fmt.Sprintf("Cookie: a=b; id=%d; c=d", i) }, false},
		{"another cookie", snapshot.HashOnCookie, "id", func(i int) string { return fmt.Sprintf("Cookie: xid=%d; id=1; ID=%d", i, i) }, true},
		{"a cookie in a second field", snapshot.HashOnCookie, "id", func(i int) string { return fmt.Sprintf("Cookie: a=b\r\nCookie: id=%d", i) }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := hashedOn(t, test.on, test.key, trust("127.0.0.0/8"))
			all := map[string]bool{}
			for user := range 40 {
				seen := map[string]bool{}
				for range 3 {
					got := p.ask("GET / HTTP/1.1\r\nHost: a\r\n" + test.fields(user) + "\r\n\r\n")
					seen[got.Body], all[got.Body] = true, true
					if cookie := got.Header.Get("Set-Cookie"); cookie != "" {
						t.Errorf("who has a key gets the cookie %q", cookie)
					}
				}
				if len(seen) != 1 {
					t.Errorf("user %d was served by %v, want one endpoint", user, seen)
				}
			}
			if want := map[bool]int{true: 1, false: 5}[test.one]; len(all) != want {
				t.Errorf("%d endpoints served 40 users, want %d", len(all), want)
			}
		})
	}
}

func TestCookieIsMadeWhereThereIsNone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fields string
		secure bool
	}{
		"plain":           {"", false},
		"empty":           {"Cookie: id=\r\n", false},
		"another cookie":  {"Cookie: session=1\r\n", false},
		"client of HTTPS": {"X-Forwarded-Proto: https\r\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := hashedOn(t, snapshot.HashOnCookie, "id", trust("127.0.0.0/8"))
			values := map[string]bool{}
			for range 10 {
				first := p.ask("GET / HTTP/1.1\r\nHost: a\r\n" + test.fields + "\r\n")
				cookies := (&http.Response{Header: first.Header}).Cookies()
				if len(cookies) != 1 {
					t.Fatalf("the response has the cookies %q, want one", first.Header["Set-Cookie"])
				}
				c := cookies[0]
				if c.Name != "id" || len(c.Value) != 22 || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure != test.secure {
					t.Errorf("got the cookie %q", first.Header["Set-Cookie"])
				}
				values[c.Value] = true
				if got := p.ask("GET / HTTP/1.1\r\nHost: a\r\nCookie: id=" + c.Value + "\r\n\r\n"); got.Body != first.Body {
					t.Errorf("the cookie of %s leads to %s", first.Body, got.Body)
				}
			}
			if len(values) != 10 {
				t.Errorf("10 clients got %d values", len(values))
			}
		})
	}
}

func TestEndpointsOwnCookieOfTheNameStays(t *testing.T) {
	t.Parallel()
	b := startBackend(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Set-Cookie", "id=own; Path=/app") })
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) {
		r.Balancing = snapshot.Balancing{Policy: snapshot.Hash, HashOn: snapshot.HashOnCookie, Name: "id"}
	}, b.address))
	if got := p.get("a", "/").Header["Set-Cookie"]; len(got) != 1 || !strings.HasPrefix(got[0], "id=own") {
		t.Errorf("got the cookies %q, want the endpoint's own", got)
	}
}

// Nothing tells requests without the header apart. They go anywhere, and not all to one endpoint.
func TestRequestsWithoutTheHeaderAreSpread(t *testing.T) {
	t.Parallel()
	p := hashedOn(t, snapshot.HashOnHeader, "x-user")
	seen := map[string]bool{}
	for range 60 {
		seen[p.get("a", "/").Body] = true
	}
	if len(seen) < 4 {
		t.Errorf("%d of 5 endpoints served", len(seen))
	}
}
