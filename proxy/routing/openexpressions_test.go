// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/condition/conditiontest"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// openOf is a snapshot of one host. Each route is named after its expression, and longer ones have their turn first. A
// prefix /p, an exact path /e and an expression /x[0-9] stand beside them.
func openOf(texts ...string) *snapshot.Snapshot {
	s := expressionsOf("/x[0-9]")
	h := &s.Hosts[0]
	slices.SortStableFunc(texts, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for turn, text := range texts {
		r := named(text, text, snapshot.MatchOpenExpression, nil)
		r.Turn = 1 + turn
		h.Routes = append(h.Routes, r)
	}
	sortRoutes(h.Routes)
	return s
}

func TestWhichOpenExpressionTakesARequest(t *testing.T) {
	t.Parallel()
	g := compileForTest(t, openOf("/app(/|$)(.*)", "/Other", "/item/[0-9]+", "/item/9", "/p/more", "/end$", "/e", "/x1", "/"), Nothing(), newTestState())
	for path, want := range map[string]string{
		"/app": "/app(/|$)(.*)", "/APP/x": "/app(/|$)(.*)", "/application": "/", "/other": "/Other", "/otherwise": "/Other",
		"/item/42/x": "/item/[0-9]+", "/ITEM/9": "/item/[0-9]+", "/item/x": "/", "/End": "/end$", "/end/": "/e",
		"/p/more": "prefix", "/p/": "prefix", "/P/more": "/p/more", "/e": "exact", "/E": "/e", "/x1": "/x[0-9]", "/x1/": "/x1", "/": "/",
	} {
		if got := foundBy(g, path); got != want {
			t.Errorf("%s is taken by %q, want %q", path, got, want)
		}
	}
}

// What the conditions of one expression leave goes to the next. Routes with the same expression stand together.
func TestOpenExpressionsWithConditions(t *testing.T) {
	t.Parallel()
	s := openOf("/shop/.*x", "/shop")
	h := &s.Hosts[0]
	for i := range h.Routes {
		switch r := &h.Routes[i]; r.Path {
		case "/shop/.*x":
			r.Conditions = &snapshot.Conditions{Cookies: []snapshot.Condition{{Name: "c", Value: "always"}}}
		case "/shop":
			r.Turn = 3
		}
	}
	put := named("put", "/shop", snapshot.MatchOpenExpression, conditiontest.OnMethods("PUT"))
	put.Turn = 2
	h.Routes = append(h.Routes, put)
	sortRoutes(h.Routes)
	g := compileForTest(t, s, Nothing(), newTestState())
	for req, want := range map[*message.Request]string{
		conditiontest.RequestOf("GET", "", "Cookie: C=always"): "/shop/.*x", conditiontest.RequestOf("PUT", "", "Cookie: c=always"): "/shop/.*x",
		conditiontest.RequestOf("PUT", ""): "put", conditiontest.RequestOf("GET", "", "Cookie: c=no"): "/shop",
	} {
		if got := g.Find(req, []byte("a.io"), []byte("/shop/x"), canonical.AsItIs); got == nil || got.Names.Rule.Ingress != want {
			t.Errorf("%s is taken by %+v, want %q", conditiontest.Shown(req), got, want)
		}
	}
	for i := range h.Routes {
		if got := g.Compiled("a.io", &h.Routes[i]); got == nil || got.Names.Rule != h.Routes[i].Rule {
			t.Errorf("%s if %s is not compiled to its own route", h.Routes[i].Path, h.Routes[i].Conditions)
		}
	}
}

// The router finds the same route as a look at all expressions in their turn.
func TestOpenExpressionsAgreeWithALookAtAll(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 4))
	ends := []string{"", "", "(/|$)(.*)", "/", "[a-z]", "$", ".*b", "/(.*)"}
	pieces := []string{"/a", "/b", "/ab", "/A", "b", "/"}
	path := func() (text string) {
		for range 1 + r.IntN(3) {
			text += pieces[r.IntN(len(pieces))]
		}
		return strings.ReplaceAll("/"+strings.TrimLeft(text, "/"), "//", "/")
	}
	found := 0
	for range 300 {
		texts := map[string]bool{}
		for range r.IntN(12) {
			texts[path()+ends[r.IntN(len(ends))]] = true
		}
		var list []string
		for text := range texts {
			list = append(list, text)
		}
		slices.Sort(list)
		s := openOf(list...)
		s.Hosts[0].Routes = slices.DeleteFunc(s.Hosts[0].Routes, func(r snapshot.Route) bool { return r.Match != snapshot.MatchOpenExpression })
		for i := range s.Hosts[0].Routes {
			s.Hosts[0].Routes[i].Turn--
		}
		g := compileForTest(t, s, Nothing(), newTestState())
		for range 50 {
			request, want, turn := path(), "", len(list)
			for _, r := range s.Hosts[0].Routes {
				if r.Turn < turn && regexp.MustCompile("^(?i:"+r.Path+")").MatchString(request) {
					want, turn = r.Rule.Ingress, r.Turn
				}
			}
			if got := foundBy(g, request); got != want {
				t.Fatalf("%s of %q is taken by %q, want %q", request, list, got, want)
			}
			if want != "" {
				found++
			}
		}
	}
	if found < 3000 {
		t.Errorf("only %d requests were taken", found)
	}
}

func TestOpenExpressionsThatAreRefused(t *testing.T) {
	t.Parallel()
	many := make([]string, snapshot.MaxOpenExpressions+1)
	for i := range many {
		many[i] = fmt.Sprintf("/%04d[a-z]", i)
	}
	twice := openOf("/a", "/a")
	for want, s := range map[string]*snapshot.Snapshot{
		"missing closing": openOf("/("), "occurs twice": twice, "more than 1000 expressions": openOf(many...),
	} {
		if _, err := Compile(s, Nothing(), newTestState()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	texts := make([]string, 10*snapshot.MaxOpenExpressions)
	for i := range texts {
		texts[i] = fmt.Sprintf("/app-%d(/|$)(.*)", i)
	}
	state := newTestState()
	if g := compileForTest(t, openOf(texts...), Nothing(), state); foundBy(g, "/APP-9999/x") != "/app-9999(/|$)(.*)" || foundBy(g, "/app-99999") != "" {
		t.Error("of ten thousand texts, the wrong one takes a request")
	}
	if n := state.texts.Len(); n != 1 { // that of /x[0-9]
		t.Errorf("%d regular expressions were compiled for what needs none", n)
	}
}

// A host that is alone keeps less specific ones of its owner out.
func TestAHostAloneLeavesNothingToLessSpecificOnes(t *testing.T) {
	t.Parallel()
	host := func(name, called string, alone bool, path string) snapshot.Host {
		return snapshot.Host{Name: name, Owner: "one", Alone: alone, Routes: []snapshot.Route{named(called, path, snapshot.MatchPrefix, nil)}}
	}
	s := &snapshot.Snapshot{Pools: []snapshot.Pool{{ID: "p"}}, Hosts: []snapshot.Host{
		host("", "every", true, "/"), host("*.io", "*.io", false, "/w"), host("*.net", "*.net", true, "/w"),
		host("a.io", "a.io", true, "/a"), host("b.io", "b.io", false, "/b"),
	}}
	g := compileForTest(t, s, Nothing(), newTestState())
	for at, want := range map[string]string{
		"a.io/a": "a.io", "a.io/w": "", "a.io/x": "", "b.io/b": "b.io", "b.io/w": "*.io", "b.io/x": "every", "c.io/w": "*.io",
		"c.io/x": "every", "c.net/w": "*.net", "c.net/x": "", "c.org/x": "every",
	} {
		name, path, _ := strings.Cut(at, "/")
		got := ""
		if r := g.Find(bare, []byte(name), []byte("/"+path), canonical.AsItIs); r != nil {
			got = r.Names.Rule.Ingress
		}
		if got != want {
			t.Errorf("%s is taken by %q, want %q", at, got, want)
		}
	}
}

func tenThousandOpen() *snapshot.Snapshot {
	texts := make([]string, 10_000)
	for i := range texts {
		texts[i] = fmt.Sprintf("/team-%d/service-%d(/|$)(.*)", i/10, i)
	}
	return openOf(texts...)
}

func BenchmarkTenThousandOpenExpressions(b *testing.B) {
	g := compileForTest(b, tenThousandOpen(), Nothing(), newTestState())
	host := []byte("a.io")
	for name, path := range map[string]string{"one": "/team-500/service-5005/a", "none": "/team-500/service-x/a"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				g.Find(bare, host, []byte(path), canonical.AsItIs)
			}
		})
	}
}
