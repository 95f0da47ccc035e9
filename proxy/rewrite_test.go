// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// The endpoint gets the rewritten path, with the query as it came. Rules and policies see the path before.
func TestRewrittenRequests(t *testing.T) {
	t.Parallel()
	strip := func(path, stripped string) snapshot.Route {
		r := prefix(path, "b")
		rewriteOf(&r).StripPrefix = stripped
		return r
	}
	exactly := exact("/once", "b")
	rewriteOf(&exactly).StripPrefix = "/once"
	replaced := prefix("/replaced", "b")
	rewriteOf(&replaced).Path.Replace = "/v2"
	closedBelow := prefix("/api/closed", "b")
	accessOf(&closedBelow).Denied = prefixes("0.0.0.0/0")
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{hostOf("",
		strip("/api", "/api"), strip("/part/of", "/part"), strip("/other", "/unrelated"), strip("/all", "/"), exactly, replaced, closedBelow,
	)}, echoes(t, "b")...))
	for target, want := range map[string]string{
		"/api":                     "b /",
		"/api?x=1":                 "b /?x=1",
		"/api/":                    "b /",
		"/api//users//":            "b /users/",
		"/api/a/../b?c=/api/../d":  "b /b?c=/api/../d",
		"/api/%61?%61":             "b /a?%61",
		"/api/api/api":             "b /api/api",
		"/part/of/it":              "b /of/it",
		"/other/x":                 "b /other/x",
		"/all/x":                   "b /all/x",
		"/once":                    "b /",
		"/once/":                   "404 RouteNotFound",
		"/replaced/a/b?q":          "b /v2?q",
		"/replaced":                "b /v2",
		"/replaced?":               "b /v2?",
		"/api/closed":              closed,
		"/api/closed/x":            closed,
		"/api/x/../closed":         closed,
		"/api/%63losed":            closed,
		"/api/api/closed":          "b /api/closed",
		"/replaced/../api/closed/": closed,
	} {
		if got := p.get("a", target).outcome(t); got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
}

// A service that makes links has to know what was cut off. Only the rule, or a proxy that is trusted, may say so.
func TestStrippedPrefixOnTheWire(t *testing.T) {
	t.Parallel()
	backend := startEcho(t, "b")
	strips := func(r *snapshot.Route) { rewriteOf(r).StripPrefix = "/api" }
	says := func(r *snapshot.Route) {
		*rewriteOf(r) = policy.Rewrite{StripPrefix: "/api", Untold: true}
		headersOf(r).Request.Set = []policy.Header{{Name: "X-Forwarded-Prefix", Value: "/shop"}}
	}
	for _, test := range []struct {
		name    string
		trusted bool
		route   func(*snapshot.Route)
		sent    string
		want    []string
	}{
		{"stripped", false, strips, "", []string{"/api"}},
		{"stripped for a client that forges", false, strips, "X-Forwarded-Prefix: /evil\r\n", []string{"/api"}},
		{"stripped behind a proxy that stripped too", true, strips, "X-Forwarded-Prefix: /shop\r\n", []string{"/shop/api"}},
		{"set by the rule", true, says, "X-Forwarded-Prefix: /outer\r\n", []string{"/shop"}},
		{"not stripped", false, func(*snapshot.Route) {}, "X-Forwarded-Prefix: /evil\r\n", nil},
		{"stripped by a trusted proxy alone", true, func(*snapshot.Route) {}, "X-Forwarded-Prefix: /outer\r\n", []string{"/outer"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := func(*Config) {}
			if test.trusted {
				config = trust("127.0.0.1/32")
			}
			p := serve(t, config)
			p.apply(everythingBy(test.route, backend))
			got := p.ask("GET /api/x HTTP/1.1\r\nHost: a\r\n" + test.sent + "\r\n").header(t)["X-Forwarded-Prefix"]
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("X-Forwarded-Prefix at the endpoint (-want +got):\n%s", diff)
			}
		})
	}
}
