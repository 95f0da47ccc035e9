// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"slices"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/condition/conditiontest"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// named returns a route that tests know by a name.
func named(name, path string, match snapshot.PathMatch, c *snapshot.Conditions) snapshot.Route {
	return snapshot.Route{Rule: snapshot.RuleID{Ingress: name}, Path: path, Match: match, Conditions: c, Pool: "p"}
}

// conditionalSnapshot returns a snapshot in which routes of one path differ in their conditions. An exact host, a
// wildcard and the one for every host belong to one owner. A second exact host belongs to another.
func conditionalSnapshot() *snapshot.Snapshot {
	exact, prefix := snapshot.MatchExact, snapshot.MatchPrefix
	getWithA := conditiontest.OnHeaders("a=1")
	getWithA.Methods = []string{"GET"}
	withAAndV := conditiontest.OnHeaders("a=1")
	withAAndV.Query = conditiontest.OnQuery("v=2").Query
	return &snapshot.Snapshot{
		Pools: []snapshot.Pool{{ID: "p", Service: "s"}},
		Hosts: []snapshot.Host{
			{Name: "", Owner: "o", Routes: []snapshot.Route{
				named("every", "/", prefix, conditiontest.OnHeaders("every=1")),
			}},
			{Name: "*.example.com", Owner: "o", Routes: []snapshot.Route{
				named("wildcard with a", "/", prefix, conditiontest.OnHeaders("a=1")),
				named("wildcard with post", "/cart", exact, conditiontest.OnMethods("POST")),
			}},
			{Name: "app.example.com", Owner: "o", Routes: []snapshot.Route{
				named("root with query", "/", prefix, conditiontest.OnQuery("r=1")),
				named("get with a", "/cart", prefix, getWithA),
				named("put", "/cart", prefix, conditiontest.OnMethods("PUT")),
				named("a and b", "/cart", prefix, conditiontest.OnHeaders("a=1", "b=1")),
				named("a and v", "/cart", prefix, withAAndV),
				named("a first", "/cart", prefix, conditiontest.OnHeaders("a=1")),
				named("a second", "/cart", prefix, conditiontest.OnHeaders("a~[0-9]")),
				named("v", "/cart", prefix, conditiontest.OnQuery("v=2")),
				named("exact with b", "/cart", exact, conditiontest.OnHeaders("b=1")),
				named("deep with b", "/cart/deep", prefix, conditiontest.OnHeaders("b=1")),
				named("plain", "/plain", prefix, nil),
				named("half", "/half", prefix, conditiontest.OnMethods("GET")),
				named("the other half", "/half", prefix, nil),
			}},
			{Name: "other.example.com", Owner: "else", Routes: []snapshot.Route{named("else", "/", prefix, conditiontest.OnMethods("PUT"))}},
		},
	}
}

func sortedRoutes(s *snapshot.Snapshot) *snapshot.Snapshot {
	for i := range s.Hosts {
		slices.SortStableFunc(s.Hosts[i].Routes, func(a, b snapshot.Route) int {
			if c := strings.Compare(a.Path, b.Path); c != 0 {
				return c
			}
			return int(a.Match) - int(b.Match)
		})
	}
	return s
}

func TestWhichRouteOfAPlaceTakesARequest(t *testing.T) {
	s := sortedRoutes(conditionalSnapshot())
	g := compileForTest(t, s, Nothing(), newTestState())
	for _, test := range []struct {
		name, host, path string
		req              *message.Request
		want             string
	}{
		{"a method before headers", "app.example.com", "/cart/x", conditiontest.RequestOf("GET", "?v=2", "A: 1", "B: 1"), "get with a"},
		{"a method without headers before many", "app.example.com", "/cart/x", conditiontest.RequestOf("PUT", "?v=2", "A: 1", "B: 1"), "put"},
		{"more headers before fewer and parameters", "app.example.com", "/cart/x", conditiontest.RequestOf("HEAD", "?v=2", "A: 1", "B: 1"), "a and b"},
		{"a parameter more", "app.example.com", "/cart/x", conditiontest.RequestOf("HEAD", "?v=2", "A: 1"), "a and v"},
		{"the first of two that are as specific", "app.example.com", "/cart/x", conditiontest.RequestOf("HEAD", "", "A: 1"), "a first"},
		{"the second of them", "app.example.com", "/cart/x", conditiontest.RequestOf("HEAD", "", "A: 2"), "a second"},
		{"a parameter alone", "app.example.com", "/cart/x", conditiontest.RequestOf("HEAD", "?v=2"), "v"},
		{"an exact path before more conditions", "app.example.com", "/cart", conditiontest.RequestOf("GET", "", "A: 1", "B: 1"), "exact with b"},
		{"on from an exact path to a prefix", "app.example.com", "/cart", conditiontest.RequestOf("PUT", ""), "put"},
		{"the longest prefix", "app.example.com", "/cart/deep/x", conditiontest.RequestOf("PUT", "", "B: 1"), "deep with b"},
		{"on to a shorter prefix", "app.example.com", "/cart/deep/x", conditiontest.RequestOf("PUT", ""), "put"},
		{"on to the root", "app.example.com", "/cart/deep/x", conditiontest.RequestOf("HEAD", "?r=1"), "root with query"},
		{"on to the wildcard, by its exact path", "app.example.com", "/cart", conditiontest.RequestOf("POST", ""), "wildcard with post"},
		{"on to the wildcard", "app.example.com", "/none", conditiontest.RequestOf("GET", "", "A: 1"), "wildcard with a"},
		{"on to every host", "app.example.com", "/none", conditiontest.RequestOf("GET", "", "Every: 1"), "every"},
		{"nowhere", "app.example.com", "/none", conditiontest.RequestOf("GET", ""), ""},
		{"no conditions", "app.example.com", "/plain", conditiontest.RequestOf("GET", "", "A: 1"), "plain"},
		{"some of a place have conditions", "app.example.com", "/half", conditiontest.RequestOf("GET", ""), "half"},
		{"the rest of that place", "app.example.com", "/half", conditiontest.RequestOf("PUT", "", "Every: 1"), "the other half"},
		{"a wildcard", "x.example.com", "/x", conditiontest.RequestOf("GET", "", "A: 1"), "wildcard with a"},
		{"from a wildcard to every host", "x.example.com", "/x", conditiontest.RequestOf("GET", "", "Every: 1"), "every"},
		{"every host", "elsewhere", "/x", conditiontest.RequestOf("GET", "", "Every: 1"), "every"},
		{"not to another owner's", "other.example.com", "/x", conditiontest.RequestOf("GET", "", "A: 1", "Every: 1"), ""},
		{"the other owner's", "other.example.com", "/x", conditiontest.RequestOf("PUT", ""), "else"},
	} {
		found, name := g.Find(test.req, []byte(test.host), []byte(test.path), canonical.AsItIs), ""
		if found != nil {
			name = found.Names.Rule.Ingress
		}
		if name != test.want {
			t.Errorf("%s: got %q, want %q", test.name, name, test.want)
		}
		host, path := []byte(test.host), []byte(test.path)
		if n := testing.AllocsPerRun(10, func() { g.Find(test.req, host, path, canonical.AsItIs) }); n != 0 {
			t.Errorf("%s: %v allocations", test.name, n)
		}
	}
	marks := map[string]bool{}
	for i := range s.Hosts {
		h := &s.Hosts[i]
		for j := range h.Routes {
			compiled := g.Compiled(h.Name, &h.Routes[j])
			if compiled.Names.Rule.Ingress != h.Routes[j].Rule.Ingress {
				t.Errorf("%q was compiled to %q", h.Routes[j].Rule.Ingress, compiled.Names.Rule.Ingress)
			}
			marks[string(compiled.Mark)] = true
		}
	}
	if len(marks) != g.Routes() {
		t.Errorf("%d routes have %d marks", g.Routes(), len(marks))
	}
}

func TestConditionsAreTakenFromTheGenerationBefore(t *testing.T) {
	t.Parallel()
	state := newTestState()
	first := compileForTest(t, sortedRoutes(conditionalSnapshot()), Nothing(), state)
	second := compileForTest(t, sortedRoutes(conditionalSnapshot()), first, state)
	if first.Router.host("app.example.com") != second.Router.host("app.example.com") {
		t.Error("a host whose conditions are the same was compiled again")
	}
	changed := sortedRoutes(conditionalSnapshot())
	changed.Hosts[0].Routes[0].Conditions = conditiontest.OnHeaders("every=2")
	third := compileForTest(t, changed, second, state)
	if third.Find(conditiontest.RequestOf("GET", "", "Every: 2"), []byte("x"), []byte("/"), canonical.AsItIs) == nil {
		t.Error("a changed condition is not served")
	}
}

func TestConditionsThatDoNotCompileAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []*snapshot.Conditions{conditiontest.OnHeaders("a~("), conditiontest.OnQuery("v~(")} {
		s := &snapshot.Snapshot{
			Pools: []snapshot.Pool{{ID: "p"}},
			Hosts: []snapshot.Host{{Name: "h", Routes: []snapshot.Route{named("r", "/x", snapshot.MatchPrefix, c)}}},
		}
		if _, err := Compile(s, Nothing(), newTestState()); err == nil || !strings.Contains(err.Error(), `host "h": path "/x": `+strings.Split(c.String(), " ")[0]) {
			t.Errorf("%s: %v", c, err)
		}
	}
}

// Policies keep something of their own for each of two routes of one place.
func TestRoutesOfOnePlaceKeepTheirOwn(t *testing.T) {
	t.Parallel()
	state := newTestState()
	limit := func(burst int) []policy.Policy { return []policy.Policy{&policy.RateLimit{PerSecond: 1, Burst: burst}} }
	one, other := named("r", "/", snapshot.MatchPrefix, conditiontest.OnMethods("GET")), named("r", "/", snapshot.MatchPrefix, nil)
	one.Policies, other.Policies = limit(1), limit(1)
	compileForTest(t, &snapshot.Snapshot{
		Pools: []snapshot.Pool{{ID: "p"}},
		Hosts: []snapshot.Host{{Routes: []snapshot.Route{one, other}}},
	}, Nothing(), state)
	if state.kept.Len() != 2 {
		t.Errorf("%d are kept, want 2", state.kept.Len())
	}
}

// A request is ambiguous if another reading of its path leads to another route. The conditions of the routes count in
// every reading.
func TestConditionsCountInEveryReadingOfAPath(t *testing.T) {
	t.Parallel()
	g := compileForTest(t, &snapshot.Snapshot{
		Pools: []snapshot.Pool{{ID: "p"}},
		Hosts: []snapshot.Host{{Name: "h", Routes: []snapshot.Route{
			named("root", "/", snapshot.MatchPrefix, nil),
			named("slash", "/a%2Fb", snapshot.MatchPrefix, conditiontest.OnHeaders("x=1")),
			named("backslash", "/a%5Cb", snapshot.MatchPrefix, conditiontest.OnHeaders("y=1")),
			named("plain with z", "/a/b", snapshot.MatchPrefix, conditiontest.OnHeaders("z=1")),
			named("admin", "/admin", snapshot.MatchPrefix, conditiontest.OnMethods("DELETE")),
		}}},
	}, Nothing(), newTestState())
	for _, test := range []struct {
		path      string
		req       *message.Request
		found     string
		ambiguous bool
	}{
		{"/x%2Fadmin", conditiontest.RequestOf("DELETE", ""), "root", false},
		{"/admin%2Fx", conditiontest.RequestOf("GET", ""), "root", false},
		{"/admin%2Fx", conditiontest.RequestOf("DELETE", ""), "root", true},
		{"/admin/x%2Fy", conditiontest.RequestOf("DELETE", ""), "admin", false},
		{"/admin/x%2Fy", conditiontest.RequestOf("GET", ""), "root", false},

		{"/a%2Fb", conditiontest.RequestOf("GET", ""), "root", false},
		{"/a%2Fb", conditiontest.RequestOf("GET", "", "X: 1"), "slash", false},
		{"/a%2Fb", conditiontest.RequestOf("GET", "", "Z: 1"), "root", true},
		{"/a%2Fb", conditiontest.RequestOf("GET", "", "X: 1", "Z: 1"), "slash", true},
		// A server that reads backslashes as slashes gives this one to the route backslash.
		{"/a%2Fb", conditiontest.RequestOf("GET", "", "Y: 1"), "root", true},
		{"/a%5Cb", conditiontest.RequestOf("GET", "", "Y: 1"), "backslash", false},
		{"/a%5Cb", conditiontest.RequestOf("GET", "", "X: 1", "Y: 1"), "backslash", true},
		{"/a%5Cb", conditiontest.RequestOf("GET", "", "Z: 1"), "root", true},
		{"/a/b/x%20y", conditiontest.RequestOf("GET", "", "Z: 1"), "plain with z", false},
		{"/a/b/x%20y", conditiontest.RequestOf("GET", "", "X: 1", "Z: 1"), "plain with z", false},
		{"/a/b/x%20y", conditiontest.RequestOf("GET", "", "X: 1"), "root", true},
		{"/a/b/x%20y", conditiontest.RequestOf("GET", ""), "root", false},
	} {
		found := g.Find(test.req, []byte("h"), []byte(test.path), canonical.AsItIs)
		if found == nil || found.Names.Rule.Ingress != test.found {
			t.Errorf("%s of %s: found %+v, want %q", test.path, conditiontest.Shown(test.req), found, test.found)
			continue
		}
		if got, _ := g.Ambiguous(test.req, nil, []byte("h"), []byte(test.path), found); got != test.ambiguous {
			t.Errorf("%s of %s: ambiguous %t, want %t", test.path, conditiontest.Shown(test.req), got, test.ambiguous)
		}
	}
}
