// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/condition/conditiontest"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// expressionsOf is a snapshot of one host. Each route is named after its expression, and they have their turns in this
// order. A prefix /p and an exact path /e stand beside them.
func expressionsOf(texts ...string) *snapshot.Snapshot {
	h := snapshot.Host{Name: "a.io", Routes: []snapshot.Route{
		named("exact", "/e", snapshot.MatchExact, nil), named("prefix", "/p", snapshot.MatchPrefix, nil),
	}}
	for turn, text := range texts {
		r := named(text, text, snapshot.MatchExpression, nil)
		r.Turn = turn
		h.Routes = append(h.Routes, r)
	}
	sortRoutes(h.Routes)
	return &snapshot.Snapshot{Hosts: []snapshot.Host{h}, Pools: []snapshot.Pool{{ID: "p"}}}
}

func foundBy(g *Generation, path string) string {
	if r := g.Find(bare, []byte("a.io"), []byte(path), canonical.AsItIs); r != nil {
		return r.Names.Rule.Ingress
	}
	return ""
}

func TestWhichExpressionTakesARequest(t *testing.T) {
	t.Parallel()
	g := compileForTest(t, expressionsOf(`^/v[0-9]+/a$`, `/v.*`, `/p/x`, `/e`, `/(a|b)`, `(?i)/c`), Nothing(), newTestState())
	for path, want := range map[string]string{
		"/v1/a": `^/v[0-9]+/a$`, "/v1/b": "/v.*", "/vx": "/v.*", "/x/v1/a": "", "/v": "/v.*",
		"/p/x": "prefix", "/e": "exact", "/a": "/(a|b)", "/a/": "", "/A": "", "/C": "(?i)/c", "/c": "(?i)/c",
	} {
		if got := foundBy(g, path); got != want {
			t.Errorf("%s is taken by %q, want %q", path, got, want)
		}
	}
}

// An expression is looked at in its turn, not by its text. What its conditions leave goes to the next.
func TestExpressionsTakeTurns(t *testing.T) {
	t.Parallel()
	s := expressionsOf("/z.*", "/.*", "/z")
	for i := range s.Hosts[0].Routes {
		if r := &s.Hosts[0].Routes[i]; r.Path == "/z.*" {
			r.Conditions = &snapshot.Conditions{Methods: []string{"PUT"}}
		}
	}
	g := compileForTest(t, s, Nothing(), newTestState())
	if got := foundBy(g, "/z"); got != "/.*" {
		t.Errorf("GET is taken by %q", got)
	}
	if got := g.Find(conditiontest.RequestOf("PUT", ""), []byte("a.io"), []byte("/z"), canonical.AsItIs).Names.Rule.Ingress; got != "/z.*" {
		t.Errorf("PUT is taken by %q", got)
	}
	for i := range s.Hosts[0].Routes {
		r := &s.Hosts[0].Routes[i]
		if got := g.Compiled("a.io", r); got == nil || got.Names.Rule != r.Rule {
			t.Errorf("%s is not compiled to its own route", r.Path)
		}
	}
}

// A request whose path is another rule's to servers that read it further is ambiguous, whatever kind of rule that is.
func TestAnExpressionCountsInEveryReadingOfAPath(t *testing.T) {
	t.Parallel()
	g := compileForTest(t, expressionsOf(`/x/[^/]+`), Nothing(), newTestState())
	path := []byte("/x/a%2Fb")
	found := g.Find(bare, []byte("a.io"), path, canonical.AsItIs)
	if ambiguous, _ := g.Ambiguous(bare, nil, []byte("a.io"), path, found); found == nil || !ambiguous {
		t.Errorf("found %v, ambiguous: %t; a server that decodes the path finds nothing", found, ambiguous)
	}
}

func TestExpressionsThatAreRefused(t *testing.T) {
	t.Parallel()
	many := make([]string, snapshot.MaxExpressions+1)
	for i := range many {
		many[i] = fmt.Sprintf("/%03d", i)
	}
	gap := expressionsOf("/a", "/b")
	for i := range gap.Hosts[0].Routes {
		gap.Hosts[0].Routes[i].Turn *= 2
	}
	prefix := expressionsOf()
	prefix.Hosts[0].Routes[1].Turn = 1
	for want, s := range map[string]*snapshot.Snapshot{
		"missing closing": expressionsOf("("), "occurs twice": expressionsOf("/a", "/a"), "a host may have 100": expressionsOf(many...),
		"there is no 1": gap, "only an expression has a turn": prefix,
	} {
		if _, err := Compile(s, Nothing(), newTestState()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// hundredExpressions have as much in common as those of one API.
func hundredExpressions() *snapshot.Snapshot {
	texts := make([]string, snapshot.MaxExpressions)
	for i := range texts {
		texts[i] = fmt.Sprintf(`/api/(v|version)%d/users/[0-9]+`, i)
	}
	return expressionsOf(texts...)
}

func BenchmarkHundredExpressions(b *testing.B) {
	g := compileForTest(b, hundredExpressions(), Nothing(), newTestState())
	host := []byte("a.io")
	for name, path := range map[string]string{"last": "/api/v99/users/17", "none": "/api/v99/users/x"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				g.Find(bare, host, []byte(path), canonical.AsItIs)
			}
		})
	}
}

// Expressions that begin alike rule none of themselves out. A long path must not keep a processor for minutes.
func TestPathsThatTakeTooLongFindNoRoute(t *testing.T) {
	t.Parallel()
	for _, match := range []snapshot.PathMatch{snapshot.MatchExpression, snapshot.MatchOpenExpression} {
		texts := make([]string, snapshot.MaxExpressions)
		for i := range texts {
			texts[i] = fmt.Sprintf(`/.*(a?){80}x%d`, i)
		}
		s := expressionsOf(texts...)
		for i := range s.Hosts[0].Routes {
			if r := &s.Hosts[0].Routes[i]; r.Match == snapshot.MatchExpression {
				r.Match = match
			}
		}
		g := compileForTest(t, s, Nothing(), newTestState())
		long := "/" + strings.Repeat("a", 60_000)
		if got := g.Find(bare, []byte("a.io"), []byte(long), canonical.AsItIs); got != Overtaxed {
			t.Errorf("%v: a long path finds %v, want none for what it takes", match, got)
		}
		if got := g.Find(bare, []byte("a.io"), []byte(long[:40]+"x99"), canonical.AsItIs); got == nil || got == Overtaxed {
			t.Errorf("%v: an ordinary path finds %v, want its route", match, got)
		}
	}
}

// So may expressions for header fields, of however many routes.
func TestFieldsThatTakeTooLongFindNoRoute(t *testing.T) {
	t.Parallel()
	var routes []snapshot.Route
	for i := range 50 {
		routes = append(routes, named(fmt.Sprint(i), "/", snapshot.MatchPrefix, conditiontest.OnHeaders(fmt.Sprintf("x-a~.*[ab].{%d}", 400+i))))
	}
	routes = append(routes, named("last", "/", snapshot.MatchPrefix, nil))
	s := &snapshot.Snapshot{Hosts: []snapshot.Host{{Name: "a.io", Routes: routes}}, Pools: []snapshot.Pool{{ID: "p"}}}
	sortRoutes(s.Hosts[0].Routes)
	g := compileForTest(t, s, Nothing(), newTestState())
	for field, overtaxes := range map[string]bool{"X-A: " + strings.Repeat("a", 60_000): true, "X-A: c": false} {
		got := g.Find(conditiontest.RequestOf("GET", "", field), []byte("a.io"), []byte("/"), canonical.AsItIs)
		if (got == Overtaxed) != overtaxes || got == nil {
			t.Errorf("a field of %d bytes finds %v", len(field), got)
		}
	}
}
