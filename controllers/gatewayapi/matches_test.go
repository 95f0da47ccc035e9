// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// ruleText is what a rule matches, and how it ends.
func ruleText(r *rules.Rule) string {
	text := r.Match.Type.String() + " " + r.Match.Path
	if c := r.Match.Conditions.String(); c != "" {
		text += " if " + c
	}
	switch {
	case r.Fault != nil:
		return text + " -> left out"
	case len(r.Backends) > 0 && r.Backends[0].Fault != "":
		return text + " -> 500"
	}
	return text
}

func TestWhatMatchesBecome(t *testing.T) {
	t.Parallel()
	const dropped, refused = "plain:PartiallyInvalid=UnsupportedValue", "plain:Accepted=UnsupportedValue"
	for name, test := range map[string]struct {
		match, want string
		said        string
	}{
		"nothing":              {`{}`, "Prefix /", ""},
		"exact":                {`{path: {type: Exact, value: /a/}}`, "Exact /a/", ""},
		"a prefix":             {`{path: {value: /a/}}`, "Prefix /a", ""},
		"respelled":            {`{path: {value: /%61}}`, "Prefix /a", ""},
		"an expression":        {`{path: {type: RegularExpression, value: "^/v[0-9]/.*"}}`, "RegularExpression ^/v[0-9]/.*", ""},
		"all":                  {`{method: GET, headers: [{name: B, value: "1"}, {name: a, value: "[0-9]", type: RegularExpression}], queryParams: [{name: q, value: x}]}`, `Prefix / if method GET; header a matches "[0-9]"; header b is "1"; query parameter q is "x"`, ""},
		"the first of a name":  {`{headers: [{name: A, value: "1"}, {name: a, value: "("}]}`, `Prefix / if header a is "1"`, ""},
		"a bad expression":     {`{path: {type: RegularExpression, value: /api/v(1}}`, `RegularExpression /api/v.* -> 500`, refused},
		"its dots are dots":    {`{path: {type: RegularExpression, value: /a-b/(}, method: PUT}`, `RegularExpression /a-b/.* if method PUT -> 500`, refused},
		"of alternatives":      {`{path: {type: RegularExpression, value: "/a|/b("}}`, `RegularExpression /.* -> 500`, refused},
		"too large":            {`{path: {type: RegularExpression, value: "/(x{1000}){1000}"}}`, `RegularExpression /.* -> 500`, refused},
		"an unknown path":      {`{path: {type: Glob, value: /a*}}`, `RegularExpression /.* -> 500`, refused},
		"a NUL":                {`{path: {value: /a%00}}`, `Prefix /a%00 -> left out`, refused},
		"a bad header":         {`{path: {value: /a}, headers: [{name: A, value: "(", type: RegularExpression}, {name: b, value: "2"}]}`, `Prefix /a if header a matches "(?s).*"; header b is "2" -> 500`, refused},
		"an unknown header":    {`{headers: [{name: A, value: x, type: Glob}]}`, `Prefix / if header a matches "(?s).*" -> 500`, refused},
		"a bad parameter":      {`{queryParams: [{name: Q, value: "[", type: RegularExpression}]}`, `Prefix / if query parameter Q matches "(?s).*" -> 500`, refused},
		"a path and parameter": {`{path: {type: RegularExpression, value: (}, queryParams: [{name: Q, value: "[", type: RegularExpression}]}`, `RegularExpression /.* if query parameter Q matches "(?s).*" -> 500`, refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			route := "---\nkind: HTTPRoute\nmetadata: {name: r}\nspec: {parentRefs: [{name: plain}], rules: [{matches: [%s], backendRefs: [{name: s, port: 1}, {name: t, port: 1, namespace: x}]}]}\n"
			w := read(t, plain+fmt.Sprintf(route, test.match))
			list := gatewayapi.Attach(&w.Input).Objects[0].Hosts[0].Rules
			if len(list) != 1 || ruleText(&list[0]) != test.want {
				t.Errorf("got %d rules, the first %q, want %q", len(list), ruleText(&list[0]), test.want)
			}
			said := strings.Join(w.said(gatewayapi.HTTPRouteKind, "r"), " ")
			if want := strings.TrimSpace(test.said + " plain:ResolvedRefs=RefNotPermitted"); !sameWords(said, want) {
				t.Errorf("the route says %q, want %q", said, want)
			}
			w = read(t, plain+fmt.Sprintf(route, test.match+", {path: {value: /sound}}"))
			list = gatewayapi.Attach(&w.Input).Objects[0].Hosts[0].Rules
			if sound := &list[1]; len(sound.Backends) != 2 || sound.Backends[0].Service != "s" || sound.Backends[1].Fault == "" {
				t.Errorf("the match beside it leads to %+v", sound.Backends)
			}
			said = strings.Join(w.said(gatewayapi.HTTPRouteKind, "r"), " ")
			if want := strings.TrimSpace(strings.Replace(test.said, refused, dropped, 1) + " plain:ResolvedRefs=RefNotPermitted"); !sameWords(said, want) {
				t.Errorf("beside a sound match, the route says %q, want %q", said, want)
			}
		})
	}
}

// sameWords returns whether two texts have the same words, in whatever order.
func sameWords(a, b string) bool {
	count := make(map[string]int)
	for word := range strings.FieldsSeq(a) {
		count[word]++
	}
	for word := range strings.FieldsSeq(b) {
		count[word]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

func TestAHostHasOnlySoManyExpressions(t *testing.T) {
	t.Parallel()
	route := func(name, host string, expressions int) string {
		text := "---\nkind: HTTPRoute\nmetadata: {name: " + name + "}\nspec:\n  parentRefs: [{name: plain}]\n  hostnames: [" + host + "]\n  rules:\n" +
			"  - matches:\n    - {path: {value: /plain}}\n"
		for i := range expressions {
			text += "    - {path: {type: RegularExpression, value: /" + name + strconv.Itoa(i) + ".}}\n"
		}
		return text + "    backendRefs: [{name: s, port: 1}]\n"
	}
	const most = snapshot.MaxExpressions
	for name, test := range map[string]struct {
		routes string
		// kept counts the expressions of the host x.io that are served.
		kept int
		said map[string]string
	}{
		"as many":            {route("a", "x.io", most-1) + route("b", "x.io", 1), most, nil},
		"one more":           {route("a", "x.io", most) + route("b", "x.io", 1), most - 1, map[string]string{"a": "plain:PartiallyInvalid=UnsupportedValue", "b": "plain:PartiallyInvalid=UnsupportedValue"}},
		"another host's":     {route("a", "x.io", most) + route("b", "y.io", 1), most, nil},
		"far more":           {route("a", "x.io", 10) + route("b", "x.io", 2*most), most - 1, map[string]string{"b": "plain:PartiallyInvalid=UnsupportedValue"}},
		"of another address": {route("a", "x.io", most) + strings.Replace(strings.Replace(plain, "plain", "other", 1), "80", "81", 1) + strings.Replace(route("b", "x.io", most), "plain", "other", 1), most, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := read(t, plain+strings.Replace(test.routes, "\nkind: Gateway", "---\nkind: Gateway", 1))
			kept, closing, prefixes := 0, 0, 0
			for _, o := range gatewayapi.Attach(&w.Input).Objects {
				for i := range o.Hosts {
					if h := &o.Hosts[i]; h.Name == "x.io" && h.Listener.Address.Port() == 80 {
						for n := range h.Rules {
							switch text := ruleText(&h.Rules[n]); {
							case text == "RegularExpression .* -> 500":
								closing++
							case h.Rules[n].Match.Type == snapshot.MatchExpression:
								kept++
							default:
								prefixes++
							}
						}
					}
				}
			}
			if want := len(test.said); kept != test.kept || closing != min(want, 1) || prefixes == 0 {
				t.Errorf("%d expressions, %d that close the rest and %d prefixes; want %d and %d", kept, closing, prefixes, test.kept, min(want, 1))
			}
			for _, name := range []string{"a", "b"} {
				if got := strings.Join(w.said(gatewayapi.HTTPRouteKind, name), " "); got != test.said[name] {
					t.Errorf("route %s says %q, want %q", name, got, test.said[name])
				}
			}
		})
	}
}

// What one route can have the data plane compile is bounded, whatever it asks for.
func TestANamespaceHasOnlySoManyExpressions(t *testing.T) {
	t.Parallel()
	// route is for two hosts, and has 128 matches by as many header fields and as many parameters, each with an expression
	// of its own.
	route := func(namespace string, fields int) string {
		var b strings.Builder
		b.WriteString("---\nkind: HTTPRoute\nmetadata: {name: r, namespace: " + namespace + "}\nspec:\n  hostnames: [x.io, y.io]\n" +
			"  parentRefs: [{name: plain, namespace: default}]\n  rules:\n")
		for m := range 128 {
			if m%64 == 0 {
				b.WriteString("  - backendRefs: [{name: s, port: 1}]\n    matches:\n")
			}
			fmt.Fprintf(&b, "    - path: {value: /%d}\n", m)
			for _, what := range []string{"headers", "queryParams"} {
				fmt.Fprintf(&b, "      %s:\n", what)
				for f := range fields {
					fmt.Fprintf(&b, "      - {name: n%02d, type: RegularExpression, value: '%s-%d-%d-[a-z]{500}'}\n", f, what, m, f)
				}
			}
		}
		return b.String()
	}
	shared := strings.Replace(plain, "protocol: HTTP", "protocol: HTTP, allowedRoutes: {namespaces: {from: All}}", 1)
	w := read(t, shared+route("default", 16)+route("other", 1))
	attached := gatewayapi.Attach(&w.Input)
	built, reports := translate.Build(translate.Input{Objects: attached.Objects, Listeners: attached.Listeners, Services: []*corev1.Service{
		{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "s"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 1}}}},
		{ObjectMeta: metav1.ObjectMeta{Namespace: "other", Name: "s"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 1}}}},
	}})
	// texts are what the data plane compiles for each namespace, and closed which of its routes answer by themselves.
	texts, closed, served := map[string]map[string]bool{"default": {}, "other": {}}, make(map[string]int), make(map[string]int)
	for _, host := range built.Listeners[0].Hosts {
		for _, r := range host.Routes {
			namespace := strings.Split(r.Rule.Ingress, "/")[1]
			own := false
			for _, c := range slices.Concat(r.Conditions.Headers, r.Conditions.Query) {
				texts[namespace][c.Value] = true
				own = own || c.Value != "(?s).*"
			}
			if own {
				served[namespace]++
			} else {
				closed[namespace]++
			}
			if own == (r.Pool == "") {
				t.Fatalf("%s, which asks for %s, leads to %q", r.Rule.Where, r.Conditions, r.Pool)
			}
		}
	}
	size := 0
	for text := range texts["default"] {
		for _, e := range kinds.Expressions(&rules.Rule{Match: rules.Match{Path: text, Type: snapshot.MatchExpression}}) {
			size += e.Size
		}
	}
	if n := len(texts["default"]); size > rules.MaxNamespaceExpressions || n != 9*32+1 {
		t.Errorf("the data plane has %d programs of %d instructions to compile", n, size)
	}
	if served["default"] != 2*9 || closed["default"] != 2*119 || served["other"] != 256 || closed["other"] > 0 {
		t.Errorf("routes of namespaces: %v are served, %v are closed", served, closed)
	}
	const want = "Dropped Rule: spec.rules[0].matches[9]: its regular expressions would take the namespace beyond 200000 instructions"
	for _, name := range []string{"default", "other"} {
		said := attached.Judge(nil, nil, reports)[gatewayapi.Key{Kind: gatewayapi.HTTPRouteKind, NamespacedName: types.NamespacedName{Namespace: name, Name: "r"}}]
		c := meta.FindStatusCondition(said.Parents[0].Conditions, string(gatewayv1.RouteConditionPartiallyInvalid))
		switch {
		case name == "other" && c == nil:
		case name == "default" && c != nil && c.Status == metav1.ConditionTrue && strings.HasPrefix(c.Message, want):
		default:
			t.Errorf("the route of %s says %v", name, c)
		}
	}
}
