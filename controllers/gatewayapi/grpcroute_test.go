// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestWhatMatchesOfAGRPCRouteBecome(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		match, want string
		rank        uint8
		refused     bool
	}{
		"nothing":           {match: `{}`, want: "Prefix /"},
		"empty":             {match: `{method: {service: "", method: ""}}`, want: "Prefix /"},
		"both":              {match: `{method: {service: a.B, method: C}}`, want: "Exact /a.B/C"},
		"a service":         {match: `{method: {service: a.B}}`, want: "Prefix /a.B"},
		"a method":          {match: `{method: {method: C}}`, want: "RegularExpression /[^/]+/C", rank: 1},
		"expressions":       {match: `{method: {type: RegularExpression, service: "a[.].*|b", method: "Get.+"}}`, want: "RegularExpression /(?:a[.].*|b)/(?:Get.+)", rank: 3},
		"anchors":           {match: `{method: {type: RegularExpression, service: "^a$", method: "(?i)^get|^put$"}}`, want: "RegularExpression /(?:a)/(?:(?i:GET|PUT))", rank: 3},
		"of a service":      {match: `{method: {type: RegularExpression, service: "a.*"}}`, want: "RegularExpression /(?:a.*)/(?:[^/]+)", rank: 2},
		"of a method":       {match: `{method: {type: RegularExpression, method: "C.*"}}`, want: "RegularExpression /(?:[^/]+)/(?:C.*)", rank: 1},
		"headers":           {match: `{method: {service: a.B}, headers: [{name: X, value: "1"}, {name: A, value: "[0-9]", type: RegularExpression}]}`, want: `Prefix /a.B if header a matches "[0-9]"; header x is "1"`},
		"a bad service":     {match: `{method: {type: RegularExpression, service: "^a.B(", method: C}}`, want: "RegularExpression /a.* -> 503", rank: 3, refused: true},
		"a bad method":      {match: `{method: {type: RegularExpression, service: ab, method: "C("}}`, want: "RegularExpression /ab/C.* -> 503", rank: 3, refused: true},
		"an unknown type":   {match: `{method: {type: Glob, method: "C*"}}`, want: "RegularExpression /.* -> 503", rank: 1, refused: true},
		"a bad header":      {match: `{headers: [{name: X, value: "(", type: RegularExpression}]}`, want: `Prefix / if header x matches "(?s).*" -> 503`, refused: true},
		"no path that is":   {match: `{method: {service: "a%00", method: C}}`, want: "Exact /a%00/C -> left out", refused: true},
		"a header of glass": {match: `{headers: [{name: X, value: "1", type: Glass}]}`, want: `Prefix / if header x matches "(?s).*" -> 503`, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := read(t, plain+"---\nkind: GRPCRoute\nmetadata: {name: r}\nspec: {parentRefs: [{name: plain}], rules: [{matches: ["+test.match+"], backendRefs: [{name: s, port: 1}]}]}\n")
			rule := onlyRule(t, w)
			if got := strings.Replace(ruleText(rule), "500", "503", 1); got != test.want || rule.Match.Rank != test.rank {
				t.Errorf("got %q of rank %d, want %q of %d", got, rule.Match.Rank, test.want, test.rank)
			}
			if rule.Fault == nil && rule.Backends[0].MustExist {
				t.Error("a backend that cannot be used answers 500, and gRPC clients want UNAVAILABLE")
			}
			if said := w.said(gatewayapi.GRPCRouteKind, "r"); (len(said) > 0) != test.refused {
				t.Errorf("the route says %v", said)
			}
		})
	}
}

func TestWhatElseAGRPCRouteSays(t *testing.T) {
	t.Parallel()
	w := read(t, plain+`---
kind: GRPCRoute
metadata: {name: r}
spec:
  parentRefs: [{name: plain}]
  rules:
  - name: all
    filters:
    - {type: RequestHeaderModifier, requestHeaderModifier: {remove: [A]}}
    - {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [B]}}
    - {type: RequestMirror, requestMirror: {backendRef: {name: m, port: 2}, percent: 5}}
    sessionPersistence: {sessionName: S}
    backendRefs: [{name: s, port: 1, weight: 3, filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [C]}}]}, {name: t, port: 1, namespace: x}]
`)
	rule := *onlyRule(t, w)
	for i := range rule.Backends {
		if b := &rule.Backends[i]; b.Protocol != rules.GRPC {
			t.Errorf("%s is spoken to as %v", b.Service, b.Protocol)
		}
	}
	if rule.Backends[1].Fault == "" || rule.Backends[0].Weight != 3 || len(rule.Backends[0].Policies) != 1 {
		t.Errorf("the backends are %+v", rule.Backends)
	}
	rule.Backends = nil
	want := rules.Rule{Where: "spec.rules[0](all)", Match: rules.Match{Path: "/"}, Timeouts: snapshot.Timeouts{Connect: 5 * time.Second}, Retries: 1,
		Policies:    []policy.Policy{&policy.Headers{Request: policy.HeaderChanges{Remove: []string{"a"}}, Response: policy.HeaderChanges{Remove: []string{"b"}}}},
		Mirrors:     []rules.Mirror{{Backend: rules.Backend{Namespace: "default", Service: "m", Port: 2, Protocol: rules.GRPC, MustExist: true}, Numerator: 5, Denominator: 100}},
		Persistence: &snapshot.Persistence{Name: "S"}}
	if diff := cmp.Diff(want, rule); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	same(t, "said", []string{"plain:ResolvedRefs=RefNotPermitted"}, w.said(gatewayapi.GRPCRouteKind, "r"))
}

// The API prefers what says something of a method. A plain path would go before expressions.
func TestExpressionsOfAGRPCRouteGoBeforeWhatIsForAll(t *testing.T) {
	t.Parallel()
	const backends = "backendRefs: [{name: s, port: 1}]"
	rulesOf := func(hostname string) (got []string) {
		w := read(t, plain+`---
kind: GRPCRoute
metadata: {name: all}
spec: {parentRefs: [{name: plain}], hostnames: ["`+hostname+`"], rules: [{`+backends+`}]}
---
kind: GRPCRoute
metadata: {name: method}
spec:
  parentRefs: [{name: plain}]
  hostnames: ["*.io"]
  rules: [{matches: [{method: {method: C}}, {method: {service: a}}, {headers: [{name: h, value: v}]}], `+backends+`}]
`)
		for _, o := range gatewayapi.Attach(&w.Input).Objects {
			for i := range o.Hosts[0].Rules {
				got = append(got, ruleText(&o.Hosts[0].Rules[i]))
			}
		}
		return got
	}
	of := []string{"RegularExpression /[^/]+/C", "Prefix /a", `RegularExpression .* if header h is "v"`}
	same(t, "of one hostname", append([]string{"RegularExpression .*"}, of...), rulesOf("*.io"))
	same(t, "of two hostnames", append([]string{"Prefix /"}, of...), rulesOf("x.io"))
}

func TestRoutesOfTwoKindsShareNoHost(t *testing.T) {
	t.Parallel()
	const gateway = `
kind: Gateway
metadata: {name: g}
spec:
  gatewayClassName: warren
  listeners: [{name: one, port: 80, protocol: HTTP, hostname: "*.io"}, {name: two, port: 81, protocol: HTTP}]
`
	route := func(kind, name, section, hostnames string) string {
		parent := "{name: g}"
		if section != "" {
			parent = "{name: g, sectionName: " + section + "}"
		}
		return "---\nkind: " + kind + "\nmetadata: {name: " + name + "}\nspec: {parentRefs: [" + parent + "], hostnames: [" + hostnames + "], rules: [{backendRefs: [{name: s, port: 1}]}]}\n"
	}
	refused := []string{"g:Accepted=HostnameConflict"}
	for name, test := range map[string]struct {
		older, younger string
		want           []string
	}{
		"the same name":         {route("HTTPRoute", "a", "", "x.io"), route("GRPCRoute", "b", "", "x.io"), refused},
		"the other way round":   {route("GRPCRoute", "a", "", "x.io"), route("HTTPRoute", "b", "", "x.io"), refused},
		"other names":           {route("HTTPRoute", "a", "", "x.io"), route("GRPCRoute", "b", "", "y.io"), nil},
		"a wildcard over it":    {route("HTTPRoute", "a", "", "x.y.io"), route("GRPCRoute", "b", "", `"*.io"`), refused},
		"under a wildcard":      {route("HTTPRoute", "a", "", `"*.y.io"`), route("GRPCRoute", "b", "", "x.z.y.io"), refused},
		"beside a wildcard":     {route("HTTPRoute", "a", "", `"*.y.io"`), route("GRPCRoute", "b", "", "y.io"), nil},
		"every name":            {route("HTTPRoute", "a", "", "x.io"), route("GRPCRoute", "b", "", ""), refused},
		"another listener":      {route("HTTPRoute", "a", "one", ""), route("GRPCRoute", "b", "two", ""), nil},
		"one of two listeners":  {route("HTTPRoute", "a", "one", "x.io"), route("GRPCRoute", "b", "", "x.io"), nil},
		"one of several names":  {route("HTTPRoute", "a", "", "x.io"), route("GRPCRoute", "b", "", "y.io, x.io"), refused},
		"the same kind":         {route("GRPCRoute", "a", "", "x.io"), route("GRPCRoute", "b", "", "x.io"), nil},
		"one that is not there": {route("HTTPRoute", "a", "three", "x.io"), route("GRPCRoute", "b", "", "x.io"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := read(t, gateway+test.older+test.younger)
			kind := gatewayapi.GRPCRouteKind
			if strings.Contains(test.younger, "HTTPRoute") {
				kind = gatewayapi.HTTPRouteKind
			}
			same(t, "the younger one says", test.want, w.said(kind, "b"))
			served := 0
			for _, o := range gatewayapi.Attach(&w.Input).Objects {
				if o.Name == "b" {
					served++
				}
			}
			if (served > 0) != (test.want == nil) {
				t.Errorf("the younger one is served %d times", served)
			}
		})
	}
}
