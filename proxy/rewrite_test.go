// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"testing"

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
	rewriteOf(&replaced).ReplacePath = "/v2"
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
