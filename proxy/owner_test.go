// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// owned returns a host of an owner. Its routes go to the owner's pool.
func owned(owner, name string, paths ...string) snapshot.Host {
	h := snapshot.Host{Name: name, Owner: owner}
	for _, path := range paths {
		h.Routes = append(h.Routes, ruled(prefix(path, owner), owner+"/rules", 0, len(h.Routes)))
	}
	return h
}

func TestRequestsForAnOwnedHostGoToNoOtherOwnersRules(t *testing.T) {
	t.Parallel()
	a, b := poolOf("a", startEcho(t, "a")), poolOf("b", startEcho(t, "b"))
	const none = "404 RouteNotFound"
	for _, test := range []struct {
		name  string
		hosts []snapshot.Host
		// want says who answers "host path".
		want map[string]string
	}{
		{"a wildcard of another owner", []snapshot.Host{owned("a", "app.example.com", "/app"), owned("b", "*.example.com", "/")}, map[string]string{
			"app.example.com /app":                               "a /app",
			"app.example.com /other":                             none,
			"app.example.com /.well-known/acme-challenge/tok":    none,
			"APP.Example.COM. /other":                            none,
			"app.example.com:8000 /other":                        none,
			"other.example.com /other":                           "b /other",
			"other.example.com /.well-known/acme-challenge/tok":  "b /.well-known/acme-challenge/tok",
			"x.app.example.com /app":                             none,
			"example.com /app":                                   none,
			"app.example.com /app/../other":                      none,
			"app.example.com /ap%70":                             "a /app",
			"app.example.com /%2e%2e/app/..;/other":              "400 MalformedPath",
			"app.example.com //.well-known/acme-challenge/x/../": none,
		}},
		{"every host of another owner", []snapshot.Host{owned("a", "app.example.com", "/app"), owned("b", "", "/")}, map[string]string{
			"app.example.com /app":                            "a /app",
			"app.example.com /other":                          none,
			"app.example.com /.well-known/acme-challenge/tok": none,
			"other.example.com /other":                        "b /other",
			"[::1] /other":                                    "b /other",
		}},
		{"a wildcard with every host of another owner", []snapshot.Host{owned("a", "*.example.com", "/app"), owned("b", "", "/")}, map[string]string{
			"x.example.com /app":     "a /app",
			"x.example.com /other":   none,
			"x.y.example.com /other": "b /other",
			"example.com /other":     "b /other",
		}},
		{"another owner's wildcard between", []snapshot.Host{
			owned("a", "", "/"), owned("b", "*.example.com", "/"), owned("a", "app.example.com", "/app"),
		}, map[string]string{
			"app.example.com /app":   "a /app",
			"app.example.com /other": "a /other",
			"x.example.com /other":   "b /other",
			"elsewhere /other":       "a /other",
		}},
		{"one owner's hosts", []snapshot.Host{owned("a", "", "/"), owned("a", "*.example.com", "/wild"), owned("a", "app.example.com", "/app")}, map[string]string{
			"app.example.com /app":   "a /app",
			"app.example.com /wild":  "a /wild",
			"app.example.com /other": "a /other",
		}},
		{"a host without routes", []snapshot.Host{owned("a", "app.example.com"), owned("b", "*.example.com", "/"), owned("b", "", "/")}, map[string]string{
			"app.example.com /":   none,
			"app.example.com /x":  none,
			"next.example.com /x": "b /x",
		}},
		{"a wildcard without routes", []snapshot.Host{owned("a", "*.example.com"), owned("b", "", "/")}, map[string]string{
			"x.example.com /": none,
			"example.com /x":  "b /x",
		}},
		{"a path with another reading", []snapshot.Host{owned("a", "app.example.com", "/app"), owned("b", "*.example.com", "/")}, map[string]string{
			"app.example.com /app/x%2Fy":     "a /app/x%2Fy",
			"app.example.com /app%2F..":      none,
			"app.example.com /other%2Fx":     none,
			"app.example.com /app/..%2Fx":    "400 AmbiguousPath",
			"app.example.com /app;x/y":       none,
			"app.example.com /app/x;/..%2fy": "400 AmbiguousPath",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t)
			p.apply(snapshotOf(test.hosts, a, b))
			got := map[string]string{}
			for request := range test.want {
				host, path, _ := strings.Cut(request, " ")
				got[request] = p.get(host, path).outcome(t)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("who answers (-want +got):\n%s", diff)
			}
		})
	}
}

// mostSpecific returns the host that decides about a name, or an empty one.
func mostSpecific(hosts []snapshot.Host, name string) snapshot.Host {
	_, above, _ := strings.Cut(name, ".")
	for _, names := range []string{name, "*." + above, ""} {
		for _, h := range hosts {
			if h.Name == names {
				return h
			}
		}
	}
	return snapshot.Host{}
}

// The rules are those of the owner of the most specific host. The test finds it in another way than the router.
func TestRouteIsOfTheOwnerOfTheMostSpecificHost(t *testing.T) {
	t.Parallel()
	g := &generator{Rand: rand.New(rand.NewPCG(15, 5)), tb: t}
	names := []string{"", "*.example.com", "a.example.com", "b.example.com", "*.a.example.com", "example.com"}
	asked := append([]string{"c.example.com", "x.a.example.com", "elsewhere"}, names[2:]...)
	state := routing.NewState(upstream.NewDialer(upstream.Config{Clock: transport.NewClock()}),
		health.NewProber(transport.NewClock(), nil, func(string) {}))
	before, found := routing.Nothing(), 0
	for range 500 {
		var hosts []snapshot.Host
		for _, name := range names {
			if g.IntN(3) == 0 {
				continue
			}
			h := snapshot.Host{Name: name, Owner: pickFrom(g, "a", "b", "c"), RedirectHTTPS: g.IntN(2) == 0}
			for range g.IntN(4) {
				r := prefix(g.path(), "p")
				if !slices.ContainsFunc(h.Routes, func(o snapshot.Route) bool { return o.Path == r.Path }) {
					r.Rule.Ingress = h.Owner
					h.Routes = append(h.Routes, r)
				}
			}
			hosts = append(hosts, h)
		}
		generation, err := routing.Compile(snapshotOf(hosts, poolOf("p")), before, state)
		if err != nil {
			t.Fatal(err)
		}
		before = generation
		for _, host := range asked {
			decides := mostSpecific(hosts, host)
			path := []byte(g.path())
			for as := range canonical.Readings {
				r := generation.Find(new(message.Request), []byte(host), path, as)
				if r == nil {
					continue
				}
				if found++; r.Names.Rule.Ingress != decides.Owner {
					t.Fatalf("%s%s, which is %s's by %q, goes to a rule of %s's",
						host, path, decides.Owner, decides.Name, r.Names.Rule.Ingress)
				}
			}
			if got := generation.Redirected([]byte(host)); got != decides.RedirectHTTPS {
				t.Fatalf("%s is redirected: %t, and %q says %t", host, got, decides.Name, decides.RedirectHTTPS)
			}
		}
	}
	if found < 1000 {
		t.Errorf("only %d routes were found", found)
	}
}

func TestHostThatChangesHandsIsServedByItsOwner(t *testing.T) {
	t.Parallel()
	p := serve(t)
	pools := []snapshot.Pool{poolOf("a", startEcho(t, "a")), poolOf("b", startEcho(t, "b"))}
	app := owned("a", "app.example.com", "/app")
	for i, step := range []struct{ appOwner, wildOwner, want string }{
		{"a", "b", "404 RouteNotFound"},
		{"b", "b", "b /other"},
		{"a", "b", "404 RouteNotFound"},
		{"a", "a", "b /other"},
		{"", "", "b /other"},
	} {
		app.Owner = step.appOwner
		wild := owned("b", "*.example.com", "/")
		wild.Owner = step.wildOwner
		p.apply(snapshotOf([]snapshot.Host{app, wild}, pools...))
		if got := p.get("app.example.com", "/other").outcome(t); got != step.want {
			t.Errorf("step %d: got %q, want %q", i, got, step.want)
		}
	}
}

func TestExplainSaysThatAnotherOwnersRulesAreNotAsked(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{
		owned("a", "app.example.com", "/app"), owned("b", "*.example.com", "/", "/wild"),
		owned("a", "", "/every"), owned("a", "held.example.com"),
		owned("a", "none.example.org"),
	}, poolOf("a"), poolOf("b")))
	for _, test := range []struct {
		url        string
		owner      string
		candidates []string
		hints      []string
	}{
		{"http://app.example.com/wild", "a", []string{
			"*.example.com /wild: matches, but app.example.com is more specific and belongs to a, and *.example.com to b",
			"*.example.com /: matches, but app.example.com is more specific and belongs to a, and *.example.com to b",
			"app.example.com /app: does not match: the path is not /app or below it",
			" /every: does not match: the path is not /every or below it",
		}, []string{"app.example.com belongs to a, and none of its rules matches; rules of others are not asked"}},
		{"http://app.example.com/every", "a", []string{
			" /every: the most specific rule that matches",
			"*.example.com /: matches, but app.example.com is more specific and belongs to a, and *.example.com to b",
			"app.example.com /app: does not match: the path is not /app or below it",
			"*.example.com /wild: does not match: the path is not /wild or below it",
		}, nil},
		{"http://x.example.com/every", "b", []string{
			"*.example.com /: the most specific rule that matches",
			" /every: matches, but *.example.com is more specific and belongs to b, and (every host) to a",
			"*.example.com /wild: does not match: the path is not /wild or below it",
		}, nil},
		{"http://held.example.com/", "a", []string{
			"*.example.com /: matches, but held.example.com is more specific and belongs to a, and *.example.com to b",
			"*.example.com /wild: does not match: the path is not /wild or below it",
			" /every: does not match: the path is not /every or below it",
		}, []string{"held.example.com belongs to a, and none of its rules matches; rules of others are not asked"}},
	} {
		e := p.explain(explain.Question{URL: test.url})
		var got []string
		for _, c := range e.Candidates {
			got = append(got, fmt.Sprintf("%s %s: %s", c.Host, c.Path, c.Why))
		}
		if diff := cmp.Diff(test.candidates, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.url, diff)
		}
		if diff := cmp.Diff(test.hints, e.Hints); diff != "" || e.Request.Owner != test.owner {
			t.Errorf("%s: the owner is %q, hints (-want +got):\n%s", test.url, e.Request.Owner, diff)
		}
	}
}

func TestExplainSaysThatAHostHasAnOwnerAndNoRules(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{owned("a", "held.example.com")}))
	e := p.explain(explain.Question{URL: "http://held.example.com/"})
	if diff := cmp.Diff([]string{"held.example.com belongs to a, which has no rule for it that could be served"}, e.Hints); diff != "" {
		t.Errorf("hints (-want +got):\n%s", diff)
	}
}
