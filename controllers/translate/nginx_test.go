// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// nginxRule is a rule of an Ingress that is written for ingress-nginx. Its service has the rule's name. A path that
// ends with an equals sign is an Exact one.
func nginxRule(service, path string) rules.Rule {
	path, exact := strings.CutSuffix(path, "=")
	r := asking(service, path, nil)
	switch {
	case exact:
		r.Match.Type = snapshot.MatchExact
	case path != "/":
		r.Match.Path = strings.TrimSuffix(path, "/")
	}
	if strings.ContainsAny(path, "()[]|$*+?") {
		r.Match.Senseless, r.Match.Fault = true, &rules.Fault{Text: "no path"}
	}
	match, fault := kinds.OpenExpression(path)
	if fault != "" {
		match.Fault = &rules.Fault{Text: fault}
	}
	r.Expression = &match
	r.Expressions = kinds.Expressions(&r)
	return r
}

// nginxObject is an Ingress of one host that is written for ingress-nginx. Each rule is "service path".
func nginxObject(name string, age int, host string, written ...string) *rules.Object {
	var list []rules.Rule
	for i, text := range written {
		service, path, _ := strings.Cut(text, " ")
		list = append(list, nginxRule(service, path))
		list[i].Where = fmt.Sprintf("paths[%d]", i)
	}
	o := objectOf(name, age, list...)
	o.Hosts[0].Name, o.Hosts[0].Alone = host, true
	return o
}

func opening(o *rules.Object) *rules.Object {
	o.Hosts[0].Expressions = true
	return o
}

func canary(o *rules.Object, c rules.Canary) *rules.Object {
	if c.Total == 0 {
		c.Total = 100
	}
	o.Canary = &c
	for i := range o.Hosts[0].Rules {
		r := &o.Hosts[0].Rules[i]
		r.Expressions = append(r.Expressions, kinds.CanaryExpressions(&c)...)
	}
	return o
}

func inNamespace(namespace string, o *rules.Object) *rules.Object {
	o.Namespace, o.ID = namespace, namespace+"/"+o.Name
	return o
}

func withAlias(o *rules.Object, names ...string) *rules.Object {
	for i, name := range names {
		o.Hosts = append(o.Hosts, rules.Host{Name: name, Alias: true, Where: fmt.Sprintf("alias[%d]", i)})
	}
	return o
}

// decided says who gets a request, as "service" or as "service 90% service 10%", or the reason of an answer.
func decided(t *testing.T, x *explain.Explainer, url string, fields ...string) string {
	t.Helper()
	e, err := x.Explain(&explain.Question{URL: "http://" + url, Method: "GET", Headers: fields})
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return decision(e)
}

func decision(e *explanation.Explanation) string {
	i := slices.IndexFunc(e.Candidates, func(c explanation.Candidate) bool { return c.Wins })
	if i < 0 {
		return e.Answer.Reason
	}
	if e.Candidates[i].Unserved == "" && strings.Contains(e.Candidates[i].Why, "closed") {
		return "closed"
	}
	var parts []string
	for _, b := range e.Backends {
		if b.Share > 0 {
			_, name, _ := strings.Cut(b.Service, "/")
			parts = append(parts, fmt.Sprintf("%s %.4g%%", name, 100*b.Share))
		}
	}
	if parts == nil {
		_, name, _ := strings.Cut(e.Candidates[i].Service, "/")
		return name
	}
	if len(parts) == 1 {
		name, _, _ := strings.Cut(parts[0], " ")
		return name
	}
	return strings.Join(parts, " ")
}

// explainer applies what is built from an input. Its snapshot is sound.
func explainer(t *testing.T, in translate.Input) (*explain.Explainer, *snapshot.Snapshot, []translate.Report) {
	t.Helper()
	in.Now = today
	s, reports := build(in)
	p := proxy.New(proxy.Config{MaxHeaderBytes: 1 << 16, MaxHeaders: 100})
	if _, err := p.Apply(s); err != nil {
		t.Fatalf("the snapshot is refused: %v", err)
	}
	return p.Explainer(), s, reports
}

// acceptedMessage returns what an object is told: the status, the reason and the message of Accepted.
func acceptedMessage(t *testing.T, reports []translate.Report, id string) string {
	t.Helper()
	c := conditionOf(t, reports, "Route", id, "Accepted")
	return string(c.Status) + " " + c.Reason + ": " + c.Message
}

// Rows of what ingress-nginx does with several Ingresses of a host, as seen.
func TestSeveralIngressesOfAHostAsInIngressNginx(t *testing.T) {
	every := nginxObject("every", 3, "", "every /z")
	rewrite := func() *rules.Object { return opening(nginxObject("rewrite", 1, "x.io", "rewrite /app(/|$)(.*)")) }
	main := func() *rules.Object { return nginxObject("main", 1, "x.io", "main /", "shop /shop") }
	for name, test := range map[string]struct {
		objects []*rules.Object
		// want has who gets a request, by its URL and perhaps a field.
		want map[string]string
	}{
		"path /app(/|$)(.*), rewrite-target: /$2": {
			[]*rules.Object{rewrite()},
			map[string]string{"x.io/app/x": "rewrite", "x.io/app": "rewrite", "x.io/APP/x": "rewrite", "x.io/application": "RouteNotFound"},
		},
		"another Ingress of that host, no annotations, path /Other Prefix: every path of the host has become an expression without an end": {
			[]*rules.Object{rewrite(), nginxObject("other", 2, "x.io", "other /Other", "exact /Exact=")},
			map[string]string{"x.io/other": "other", "x.io/otherwise": "other", "x.io/exactly": "exact", "x.io/EXACT": "exact", "x.io/app/x": "rewrite"},
		},
		"Prefix /foo, no expression on the host": {
			[]*rules.Object{nginxObject("foo", 1, "x.io", "foo /foo")},
			map[string]string{"x.io/foo": "foo", "x.io/foo/bar": "foo", "x.io/foobar": "RouteNotFound", "x.io/Foo": "RouteNotFound"},
		},
		"Exact /foo: /foo/ is 404": {
			[]*rules.Object{nginxObject("foo", 1, "x.io", "foo /foo=")},
			map[string]string{"x.io/foo": "foo", "x.io/foo/": "RouteNotFound"},
		},
		"use-regex, /item/[0-9]+": {
			[]*rules.Object{opening(nginxObject("item", 1, "x.io", "item /item/[0-9]+"))},
			map[string]string{"x.io/item/42/x": "item", "x.io/item/x": "RouteNotFound"},
		},
		"longest text first": {
			[]*rules.Object{opening(nginxObject("a", 1, "x.io", "all /.*", "short /api")), nginxObject("b", 2, "x.io", "long /api/v[0-9]+", "same /apj")},
			map[string]string{"x.io/api/v1": "long", "x.io/api/x": "short", "x.io/apj": "same", "x.io/x": "all"},
		},
		"an Exact and a Prefix of one text": {
			[]*rules.Object{opening(nginxObject("a", 1, "x.io", "all /")), nginxObject("b", 2, "x.io", "below /p"), nginxObject("c", 3, "x.io", "exact /p=")},
			map[string]string{"x.io/p": "exact", "x.io/P/x": "below", "x.io/pq": "exact"},
		},
		"the same, and the Exact one is older": {
			[]*rules.Object{opening(nginxObject("a", 1, "x.io", "all /")), nginxObject("b", 3, "x.io", "below /p"), nginxObject("c", 2, "x.io", "exact /p=")},
			map[string]string{"x.io/p": "exact", "x.io/P/x": "exact", "x.io/pq": "exact"},
		},
		"an Exact / of a host of expressions": {
			[]*rules.Object{opening(nginxObject("a", 1, "x.io", "a /a", "root /="))},
			map[string]string{"x.io/ab": "a", "x.io/": "RouteNotFound", "x.io/x": "RouteNotFound"},
		},
		"canaries of an Exact and a Prefix of one text": {
			[]*rules.Object{
				opening(nginxObject("a", 1, "x.io", "all /")), nginxObject("b", 2, "x.io", "below /p"), nginxObject("c", 3, "x.io", "exact /p="),
				canary(nginxObject("canary", 4, "x.io", "next-exact /p=", "next-below /p"), rules.Canary{Header: "c"}),
			},
			map[string]string{
				"x.io/p C: always": "next-exact", "x.io/P/x C: always": "next-below", "x.io/p": "exact", "x.io/P/x": "below", "x.io/x C: always": "all",
			},
		},
		"the regular expression of another host says nothing of this one": {
			[]*rules.Object{rewrite(), nginxObject("other", 2, "y.io", "other /Other")},
			map[string]string{"y.io/Other": "other", "y.io/Otherwise": "RouteNotFound", "y.io/other": "RouteNotFound"},
		},
		"two Ingresses, one path: the older": {
			[]*rules.Object{nginxObject("young", 2, "x.io", "young /p", "own /q"), nginxObject("old", 1, "x.io", "old /p")},
			map[string]string{"x.io/p": "old", "x.io/q": "own"},
		},
		"two Ingresses, one path: the older, of a host of expressions": {
			[]*rules.Object{opening(nginxObject("young", 2, "x.io", "young /p", "own /q")), nginxObject("old", 1, "x.io", "old /p")},
			map[string]string{"x.io/P": "old", "x.io/q": "own"},
		},
		"Ingress without a host, path /z: answers unknown hosts alone; a host that has rules says 404": {
			[]*rules.Object{every, main()},
			map[string]string{"elsewhere/z": "every", "elsewhere/y": "RouteNotFound", "x.io/z": "main", "x.io/shop": "shop"},
		},
		"the same, and the host has other paths": {
			[]*rules.Object{every, nginxObject("main", 1, "x.io", "main /main"), nginxObject("wild", 1, "*.x.io", "wild /wild")},
			map[string]string{"x.io/z": "RouteNotFound", "x.io/main": "main", "a.x.io/z": "RouteNotFound", "a.x.io/wild": "wild"},
		},
		"*.w.example.com: one label": {
			[]*rules.Object{nginxObject("wild", 1, "*.w.io", "wild /")},
			map[string]string{"p.w.io/": "wild", "p.q.w.io/": "RouteNotFound"},
		},
		"rules of our own kind fall through as they always did": {
			[]*rules.Object{every, objectOf("own", 1, asking("own", "/own", nil))},
			map[string]string{"x.io/own": "own", "x.io/z": "every"},
		},
		"rules of our own kind go before expressions and stay what they are": {
			[]*rules.Object{rewrite(), objectOf("own", 2, asking("own", "/app/own", nil))},
			map[string]string{"x.io/app/own": "own", "x.io/app/own/x": "own", "x.io/app/ownly": "rewrite", "x.io/APP/own": "rewrite"},
		},
		"canary by header always, never, another value": {
			[]*rules.Object{main(), canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Header: "x-canary", Cookie: "Canary", Weight: 10})},
			map[string]string{
				"x.io/ X-Canary: always": "next", "x.io/ X-Canary: never": "main", "x.io/ X-Canary: other": "main 90% next 10%",
				"x.io/ Cookie: a=b; canary=always": "next", "x.io/ Cookie: canary=never": "main", "x.io/ Cookie: canary=x": "main 90% next 10%",
				"x.io/": "main 90% next 10%", "x.io/shop X-Canary: always": "shop",
			},
		},
		"canary by header and value: the value; always means nothing": {
			[]*rules.Object{main(), canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Header: "x-canary", HeaderValue: "blue", HeaderPattern: ".*"})},
			map[string]string{
				"x.io/ X-Canary: blue": "next", "x.io/ X-Canary: always": "main", "x.io/ X-Canary: never": "main", "x.io/": "main",
			},
		},
		"canary by header and pattern": {
			[]*rules.Object{main(), canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Header: "x-canary", HeaderPattern: rules.Within("b+|^c$"), Weight: 100})},
			map[string]string{"x.io/ X-Canary: abba": "next", "x.io/ X-Canary: cc": "next"},
		},
		"canary by pattern alone": {
			[]*rules.Object{main(), canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Header: "x-canary", HeaderPattern: rules.Within("b+|^c$")})},
			map[string]string{"x.io/ X-Canary: abba": "next", "x.io/ X-Canary: cc": "main", "x.io/ X-Canary: c": "next", "x.io/ X-Canary: always": "main"},
		},
		"canary by weight of total": {
			[]*rules.Object{main(), canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Weight: 1, Total: 1000})},
			map[string]string{"x.io/": "main 99.9% next 0.1%"},
		},
		"canary on a path that main does not have: goes to main by main's path": {
			[]*rules.Object{main(), canary(nginxObject("canary", 2, "x.io", "next /next"), rules.Canary{Weight: 100})},
			map[string]string{"x.io/next": "main"},
		},
		"canary whose service and port some older Ingress of the namespace uses as an ordinary backend: was never picked, would be now": {
			[]*rules.Object{main(), nginxObject("ordinary", 0, "y.io", "next /"), canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Weight: 100})},
			map[string]string{"x.io/": "next", "y.io/": "next"},
		},
		"canary: all paths with the main one's service, of all hosts of the namespace, and by the same name of the port": {
			[]*rules.Object{
				nginxObject("main", 1, "x.io", "main /", "main /a", "shop /shop"), nginxObject("other", 1, "y.io", "main /"),
				rewrite(), inNamespace("green", nginxObject("green", 1, "z.io", "main /")),
				canary(nginxObject("canary", 2, "x.io", "next /a"), rules.Canary{Header: "c", Weight: 10}),
				objectOf("own", 5, asking("main", "/own", nil)),
			},
			map[string]string{
				"x.io/": "main 90% next 10%", "x.io/a": "main 90% next 10%", "x.io/A C: always": "next", "y.io/ C: always": "next", "y.io/ C: never": "main",
				"x.io/shop C: always": "shop", "z.io/ C: always": "main", "x.io/app/x C: always": "rewrite", "x.io/own C: always": "main",
			},
		},
		"canary of a path whose service another Ingress has at the place of an older one": {
			[]*rules.Object{
				nginxObject("old", 0, "x.io", "old /old"), nginxObject("main", 1, "x.io", "main /", "main /old"),
				canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Header: "c"}),
			},
			map[string]string{"x.io/ C: always": "next", "x.io/old C: always": "old"},
		},
		"canary without a main: 404, it makes no host": {
			[]*rules.Object{every, canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Weight: 100})},
			map[string]string{"x.io/": "RouteNotFound", "x.io/z": "every"},
		},
		"main and canary created in the same second": {
			[]*rules.Object{main(), canary(nginxObject("canary", 1, "x.io", "main /"), rules.Canary{Weight: 100})},
			map[string]string{"x.io/": "main"},
		},
		"a canary older than main": {
			[]*rules.Object{main(), canary(nginxObject("canary", 0, "x.io", "next /"), rules.Canary{Weight: 40})},
			map[string]string{"x.io/": "main 60% next 40%"},
		},
		"one canary for a place: the oldest": {
			[]*rules.Object{
				main(), canary(nginxObject("c2", 3, "x.io", "c2 /", "shop2 /shop"), rules.Canary{Weight: 100}),
				canary(nginxObject("c1", 2, "x.io", "c1 /"), rules.Canary{Weight: 10}),
			},
			map[string]string{"x.io/": "main 90% c1 10%", "x.io/shop": "shop2"},
		},
		"canary of an expression": {
			[]*rules.Object{
				rewrite(), nginxObject("other", 2, "x.io", "other /other"),
				canary(nginxObject("canary", 3, "x.io", "next /app(/|$)(.*)", "next /other", "exact /other="), rules.Canary{Weight: 100}),
			},
			map[string]string{"x.io/APP/x": "next", "x.io/app": "next", "x.io/others": "next", "x.io/application": "RouteNotFound"},
		},
		"a canary's own rewrite-target makes nothing an expression": {
			[]*rules.Object{main(), canary(opening(nginxObject("canary", 2, "x.io", "next /")), rules.Canary{Weight: 100})},
			map[string]string{"x.io/": "next", "x.io/Shop": "next", "x.io/shop": "shop", "x.io/shopping": "next"},
		},
		"a canary whose annotations close the host": {
			[]*rules.Object{main(), canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Weight: 100}).ClosedHosts("it says who gets in")},
			map[string]string{"x.io/": "closed", "x.io/shop": "closed"},
		},
		"another namespace's canary gets nothing": {
			[]*rules.Object{main(), inNamespace("other", canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Weight: 100}))},
			map[string]string{"x.io/": "main"},
		},
		"server-alias": {
			[]*rules.Object{withAlias(main(), "y.io", "z.io"), nginxObject("second", 2, "x.io", "second /second")},
			map[string]string{"y.io/shop": "shop", "y.io/second/x": "second", "z.io/": "main", "x.io/second": "second"},
		},
		"server-alias of a host of expressions with a canary": {
			[]*rules.Object{
				rewrite(), withAlias(nginxObject("second", 2, "x.io", "second /second"), "y.io"),
				canary(nginxObject("canary", 3, "x.io", "next /second"), rules.Canary{Header: "c"}),
			},
			map[string]string{"y.io/APP/x": "rewrite", "y.io/Seconds": "second", "y.io/second C: always": "next"},
		},
		"server-alias that another Ingress has as its host: that Ingress has it": {
			[]*rules.Object{withAlias(main(), "y.io"), nginxObject("real", 2, "y.io", "real /")},
			map[string]string{"y.io/": "real", "y.io/shop": "real", "x.io/shop": "shop"},
		},
		"the same in another namespace": {
			[]*rules.Object{withAlias(main(), "y.io"), inNamespace("other", nginxObject("real", 2, "y.io", "real /real"))},
			map[string]string{"y.io/real": "real", "y.io/": "RouteNotFound"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			x, s, _ := explainer(t, translate.Input{Objects: test.objects})
			for question, want := range test.want {
				url, field, _ := strings.Cut(question, " ")
				var fields []string
				if field != "" {
					fields = []string{field}
				}
				if got := decided(t, x, url, fields...); got != want {
					t.Errorf("%s: %s, want %s", question, got, want)
				}
			}
			for _, h := range s.Hosts {
				if h.Name == "x.io" && strings.Contains(name, "it makes no host") {
					t.Error("the canary has a host")
				}
			}
		})
	}
}

// explained returns the text that explains a GET.
func explained(t *testing.T, x *explain.Explainer, url string) string {
	t.Helper()
	e, err := x.Explain(&explain.Question{URL: url, Method: "GET"})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := e.WriteText(&text, today); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
