// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"fmt"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestPlainRequestsAreRedirectedToHTTPS(t *testing.T) {
	t.Parallel()
	redirecting := func(h snapshot.Host) snapshot.Host { h.RedirectHTTPS = true; return h }
	denied := prefix("/denied", "b")
	accessOf(&denied).Denied = prefixes("0.0.0.0/0")
	s := snapshotOf([]snapshot.Host{
		redirecting(hostOf("shop.example.com", prefix("/shop", "b"), denied)),
		redirecting(hostOf("*.example.com", prefix("/", "b"))),
		hostOf("plain.example.com", prefix("/", "b")),
		hostOf("", prefix("/", "b")),
	}, echoes(t, "b")...)
	key := ecdsaKey(t)
	trusting, wary := serve(t, trust("127.0.0.1/32")), serve(t)
	for _, p := range []*served{trusting, wary} {
		p.apply(with(s, issue(t, "a", key, "*.example.com")))
	}
	const here = "redirected to "
	for _, test := range []struct {
		name, host, target, fields string
		trusting, wary             string
	}{
		{"a host", "shop.example.com", "/shop", "", here + "https://shop.example.com/shop", ""},
		{"the port goes", "shop.example.com:8000", "/shop", "", here + "https://shop.example.com/shop", ""},
		{"capitals and a last dot", "Shop.EXAMPLE.com.:80", "/shop", "", here + "https://shop.example.com/shop", ""},
		{"the path is canonical", "shop.example.com", "//shop/%61/../b%2fc%3f", "", here + "https://shop.example.com/shop/b%2Fc%3F", ""},
		{"no other authority", "shop.example.com", "//evil.example.org/", "", here + "https://shop.example.com/evil.example.org/", ""},
		{"the query stays", "shop.example.com", "/shop?a=%2e%2E/../&b=\"?", "", here + "https://shop.example.com/shop?a=%2e%2E/../&b=\"?", ""},
		{"an absolute target", "shop.example.com", "http://shop.example.com?a=b", "", here + "https://shop.example.com/?a=b", ""},
		{"a path without a rule", "shop.example.com", "/none", "", here + "https://shop.example.com/none", ""},
		{"a path that is denied", "shop.example.com", "/denied", "", here + "https://shop.example.com/denied", ""},
		{"no canonical path", "shop.example.com", "/..", "", malformedPath, ""},
		{"a wildcard's host", "www.example.com", "/", "", here + "https://www.example.com/", ""},
		{"an exact host that is plain below a wildcard that is not", "plain.example.com", "/", "", "b /", ""},
		{"another host", "example.org", "/", "", "b /", ""},
		{"a label too many", "a.www.example.com", "/", "", "b /", ""},
		{"HTTPS up to the proxy in front", "shop.example.com", "/shop", "X-Forwarded-Proto: https\r\n", "b /shop", here + "https://shop.example.com/shop"},
		{"the same in capitals", "shop.example.com", "/shop", "x-forwarded-proto: HTTPS\r\n", "b /shop", here + "https://shop.example.com/shop"},
		{"plain up to the proxy in front", "shop.example.com", "/shop", "X-Forwarded-Proto: http\r\n", here + "https://shop.example.com/shop", ""},
		{"what only looks like https", "shop.example.com", "/shop", "X-Forwarded-Proto: httpsx\r\n", here + "https://shop.example.com/shop", ""},
		{"with underscores", "shop.example.com", "/shop", "X_Forwarded_Proto: https\r\n", here + "https://shop.example.com/shop", ""},
		{"in another field", "shop.example.com", "/shop", "Forwarded: proto=https\r\nX-Forwarded-Ssl: on\r\nFront-End-Https: on\r\n", "b /shop", here + "https://shop.example.com/shop"},
	} {
		if test.wary == "" {
			test.wary = test.trusting
		}
		for _, side := range []struct {
			p    *served
			name string
			want string
		}{{trusting, "from a trusted proxy", test.trusting}, {wary, "from a client", test.wary}} {
			response := side.p.ask(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", test.target, test.host, test.fields))
			got := response.outcome(t)
			if response.Status == 308 && response.reason() == "RedirectToHTTPS" {
				got = here + response.Header.Get("Location")
			}
			if got != side.want {
				t.Errorf("%s, %s: got %q, want %q", test.name, side.name, got, side.want)
			}
		}
	}
	// Over HTTPS the same host is served.
	c, err := dialTLS(t, wary.listen("127.0.0.1:0", wary.ServeTLS), &tls.Config{ServerName: "shop.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.ask("GET /shop HTTP/1.1\r\nHost: shop.example.com\r\n\r\n").outcome(t); got != "b /shop" {
		t.Errorf("over HTTPS: got %q, want b /shop", got)
	}
}
