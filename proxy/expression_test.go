// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Expressions match canonical paths, and come after all prefixes.
func TestPathsByExpression(t *testing.T) {
	t.Parallel()
	p := serve(t)
	users := routeTo(`^/v(1|2)/users/\d+$`, snapshot.MatchExpression, "users")
	rest := routeTo("/v.*", snapshot.MatchExpression, "rest")
	rest.Turn = 1
	p.apply(snapshotOf([]snapshot.Host{hostOf("", prefix("/v1/users/7", "prefix"), users, rest)}, echoes(t, "users", "rest", "prefix")...))
	for path, want := range map[string]string{
		"/v2/users/7": "users /v2/users/7", "/v1/users/7": "prefix /v1/users/7", "/v1/users/7/x": "prefix /v1/users/7/x",
		"/x/../v1//users/8": "users /v1/users/8", "/v1/users/x": "rest /v1/users/x", "/v3": "rest /v3", "/x": "404 RouteNotFound",
	} {
		if got := p.get("a", path).outcome(t); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	e, err := p.Explainer().Explain(&explain.Question{URL: "http://a/v2/users/7"})
	if err != nil {
		t.Fatal(err)
	}
	if c := e.Candidates[0]; !c.Wins || c.Match != "RegularExpression" || c.Service != "default/users" {
		t.Errorf("the winner is %+v", c)
	}
	if c := e.Candidates[1]; c.Path != "/v.*" || c.Mismatched || c.Why == "" {
		t.Errorf("the next is %+v", c)
	}
}
