// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// A host's name decides which routes a request can take at all.
func TestHostDecidesWhoServes(t *testing.T) {
	t.Parallel()
	exactHost, wildcard, every := named(t, "exact"), named(t, "wildcard"), named(t, "every")
	pools := []snapshot.Pool{poolOf("exact", exactHost.address), poolOf("wildcard", wildcard.address), poolOf("every", every.address)}
	api := hostOf("api.example.com", prefix("/", "exact"))
	star := hostOf("*.example.com", prefix("/", "wildcard"))
	all := hostOf("", prefix("/", "every"))
	for _, group := range []struct {
		name  string
		hosts []snapshot.Host
		// want says who serves each Host. "" is for 404.
		want map[string]string
	}{
		{"exact", []snapshot.Host{api}, map[string]string{
			"api.example.com": "exact", "app.example.com": "", "sub.api.example.com": "", "example.com": "",
			"API.Example.COM": "exact", "api.example.com:8000": "exact", "api.example.com.": "exact", "xapi.example.com": "",
		}},
		{"wildcard", []snapshot.Host{star}, map[string]string{
			"api.example.com": "wildcard", "app.example.com": "wildcard", "anything.example.com": "wildcard",
			"example.com": "", "sub.api.example.com": "", ".example.com": "", "example.org": "", "APP.example.com:80": "wildcard",
		}},
		{"every host", []snapshot.Host{all}, map[string]string{
			"api.example.com": "every", "anything": "every", "127.0.0.1:8000": "every", "[::1]:8000": "every",
		}},
		{"exact before wildcard before every host", []snapshot.Host{api, star, all}, map[string]string{
			"api.example.com": "exact", "app.example.com": "wildcard", "sub.api.example.com": "every", "example.com": "every",
		}},
	} {
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t)
			p.apply(snapshotOf(group.hosts, pools...))
			for host, want := range group.want {
				expectServedBy(t, p, host, "/", want)
			}
		})
	}
}

// expectServedBy expects the body to be want. If want is empty, it expects a 404 without a route.
func expectServedBy(t *testing.T, p *served, host, path, want string) {
	t.Helper()
	got := p.get(host, path)
	switch {
	case want == "" && (got.Status != 404 || got.reason() != "RouteNotFound"):
		t.Errorf("%s%s: got %d %q, want 404 RouteNotFound", host, path, got.Status, got.reason())
	case want != "" && (got.Status != 200 || got.Body != want):
		t.Errorf("%s%s: got %d %q, want 200 %q", host, path, got.Status, got.Body, want)
	}
}

// A path is matched whole or by whole segments.
func TestPathDecidesWhoServes(t *testing.T) {
	t.Parallel()
	names := map[string]netip.AddrPort{}
	for _, name := range []string{"one", "two", "three"} {
		names[name] = named(t, name).address
	}
	for _, group := range []struct {
		name   string
		routes []snapshot.Route
		want   map[string]string
	}{
		{"exact", []snapshot.Route{exact("/api/v1", "one")}, map[string]string{
			"/api/v1": "one", "/api/v1/": "", "/api/v1/users": "", "/api": "", "/api/v1?x=/": "one",
		}},
		{"prefix", []snapshot.Route{prefix("/api", "one")}, map[string]string{
			"/api": "one", "/api/": "one", "/api/v1": "one", "/api/v1/users": "one", "/apiv1": "", "/v1/api": "", "/": "", "/ap": "",
		}},
		{"root", []snapshot.Route{prefix("/", "one")}, map[string]string{"/": "one", "/a": "one", "/a/b/": "one"}},
		{"exact before prefix", []snapshot.Route{prefix("/api", "one"), exact("/api", "two")}, map[string]string{
			"/api": "two", "/api/": "one", "/api/v1": "one",
		}},
		{"longest prefix", []snapshot.Route{prefix("/", "one"), prefix("/api", "two"), prefix("/api/v1", "three")}, map[string]string{
			"/": "one", "/apiv1": "one", "/api": "two", "/api/v2": "two", "/api/v11": "two", "/api/v1": "three", "/api/v1/users": "three",
		}},
		{"exact before a longer prefix of it", []snapshot.Route{exact("/a/b", "one"), prefix("/a/b", "two"), prefix("/a", "three")}, map[string]string{
			"/a/b": "one", "/a/b/c": "two", "/a/c": "three",
		}},
		{"exact with a trailing slash", []snapshot.Route{exact("/a/", "one"), exact("/a", "two")}, map[string]string{
			"/a/": "one", "/a": "two", "/a/b": "",
		}},
		{"by the canonical path", []snapshot.Route{prefix("/a", "one"), prefix("/b", "two")}, map[string]string{
			"/b/../a": "one", "/%61": "one", "//a//x": "one", "/a/%2e%2e/b": "two", "/a%2Fb": "",
		}},
	} {
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t)
			var pools []snapshot.Pool
			for name, address := range names {
				pools = append(pools, poolOf(name, address))
			}
			p.apply(snapshotOf([]snapshot.Host{hostOf("", group.routes...)}, pools...))
			for path, want := range group.want {
				expectServedBy(t, p, "example.com", path, want)
			}
		})
	}
}

// If no path of the more specific host matches, the less specific one is asked.
func TestPathsOfLessSpecificHostsServeTheRest(t *testing.T) {
	t.Parallel()
	a, b, c := named(t, "exact"), named(t, "wildcard"), named(t, "every")
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{
		hostOf("api.example.com", prefix("/v1", "exact")),
		hostOf("*.example.com", prefix("/shop", "wildcard")),
		hostOf("", prefix("/", "every")),
	}, poolOf("exact", a.address), poolOf("wildcard", b.address), poolOf("every", c.address)))
	expectServedBy(t, p, "api.example.com", "/v1", "exact")
	expectServedBy(t, p, "api.example.com", "/shop", "wildcard")
	expectServedBy(t, p, "api.example.com", "/x", "every")
	expectServedBy(t, p, "www.example.com", "/v1", "every")
}

func TestWhatNoRuleMatchesGetsOurOwn404(t *testing.T) {
	t.Parallel()
	p := serve(t)
	got := p.get("example.com", "/")
	got.Header.Del("X-Request-Id")
	want := reply{
		Status: 404,
		Header: map[string][]string{
			"Content-Type":           {"text/plain; charset=utf-8"},
			"Content-Length":         {"50"},
			"Proxy-Status":           {`warren; error=destination_not_found; details="RouteNotFound"`},
			"X-Content-Type-Options": {"nosniff"},
		},
		Body:   "RouteNotFound: no rule matches this host and path\n",
		Length: 50,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
}
