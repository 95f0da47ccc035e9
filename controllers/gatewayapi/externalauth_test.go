// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/auth"
)

func TestWhichServiceAFilterAsks(t *testing.T) {
	t.Parallel()
	backend := rules.Backend{Namespace: "default", Service: "opa", Port: 9191, MustExist: true}
	grpc := backend
	grpc.Protocol = rules.GRPC
	http := func(change func(*auth.External)) *rules.ExternalAuth {
		asks := auth.External{Mimics: true, ForwardHeaders: []string{"authorization"}, ResponseHeaders: []string{auth.AllFields}, Timeout: v1alpha1.DefaultAuthTimeout}
		change(&asks)
		return &rules.ExternalAuth{Backend: backend, Asks: asks}
	}
	for name, test := range map[string]struct {
		// filter is what it says besides its backendRef, and more is what follows it.
		filter, more string
		want         *rules.ExternalAuth
		fault        string
	}{
		"HTTP": {filter: "protocol: HTTP", want: http(func(*auth.External) {})},
		"with all of it": {filter: "protocol: HTTP, http: {path: /check/, allowedHeaders: [Cookie, host, Content-Length], allowedResponseHeaders: [X-User, x-groups]}, forwardBody: {maxSize: 1024}",
			want: http(func(a *auth.External) {
				a.Path, a.ForwardHeaders, a.ResponseHeaders, a.MaxBody = "/check", []string{"authorization", "cookie"}, []string{"x-groups", "x-user"}, 1024
			})},
		"a path without a slash": {filter: "protocol: HTTP, http: {path: check/../ask}", want: http(func(a *auth.External) { a.Path = "/ask" })},
		"GRPC":                   {filter: "protocol: GRPC", want: &rules.ExternalAuth{Backend: grpc, Asks: auth.External{Protocol: auth.GRPC, Timeout: v1alpha1.DefaultAuthTimeout}}},
		"GRPC with some fields": {filter: "protocol: GRPC, grpc: {allowedHeaders: [Cookie]}",
			want: &rules.ExternalAuth{Backend: grpc, Asks: auth.External{Protocol: auth.GRPC, ForwardHeaders: []string{"cookie"}, Timeout: v1alpha1.DefaultAuthTimeout}}},
		"another protocol":          {filter: "protocol: SOAP", fault: `protocol "SOAP" is not supported: write HTTP or GRPC`},
		"a field of ours":           {filter: "protocol: HTTP, http: {allowedHeaders: [Upgrade]}", fault: `http.allowedHeaders has "Upgrade", which is no field that can be passed on`},
		"a field of one connection": {filter: "protocol: HTTP, http: {allowedHeaders: [Expect]}", fault: `externalAuth: the field "expect" is for one connection alone`},
		"no field":                  {filter: "protocol: HTTP, http: {allowedResponseHeaders: ['a b']}", fault: `http.allowedResponseHeaders has "a b"`},
		"two of them":               {filter: "protocol: HTTP", more: ", {type: ExternalAuth, externalAuth: {backendRef: {name: b, port: 1}, protocol: HTTP}}", fault: "filters[1].externalAuth is a second one of the rule"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := read(t, plain+"---\nkind: HTTPRoute\nmetadata: {name: r}\nspec:\n  parentRefs: [{name: plain}]\n  rules:\n  - backendRefs: [{name: s, port: 1}]\n"+
				"    filters: [{type: ExternalAuth, externalAuth: {backendRef: {name: opa, port: 9191}, "+test.filter+"}}"+test.more+"]\n")
			rule := onlyRule(t, w)
			message := ""
			for key, v := range gatewayapi.Attach(&w.Input).Judge(nil, nil, nil) {
				if key.Kind == gatewayapi.HTTPRouteKind && v.Parents[0].Conditions[0].Reason == "UnsupportedValue" {
					message = v.Parents[0].Conditions[0].Message
				}
			}
			if test.fault != "" {
				if !strings.Contains(message, test.fault) || len(rule.Backends) != 1 || rule.Backends[0].Fault == "" {
					t.Errorf("the route says %q, want %q, and the rule leads to %+v", message, test.fault, rule.Backends)
				}
				return
			}
			if rule.Auth == nil || message != "" {
				t.Fatalf("nobody is asked: %q", message)
			}
			if diff := cmp.Diff(test.want, rule.Auth.External); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Where the service may not be asked nobody gets in.
func TestAServiceThatMayNotBeAskedLetsNobodyIn(t *testing.T) {
	t.Parallel()
	const route = plain + `---
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: plain}]
  rules:
  - backendRefs: [{name: s, port: 1}]
    filters: [{type: ExternalAuth, externalAuth: {protocol: HTTP, backendRef: REF}}]
`
	const grant = "---\nkind: ReferenceGrant\nmetadata: {name: g, namespace: other}\n" +
		"spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}], to: [{group: \"\", kind: Service}]}\n"
	for name, test := range map[string]struct {
		ref, more, resolved string
		faulty              bool
	}{
		"its own":         {"{name: a, port: 1}", "", "plain:ResolvedRefs=ResolvedRefs", false},
		"without a grant": {"{name: a, port: 1, namespace: other}", "", "plain:ResolvedRefs=RefNotPermitted", true},
		"with a grant":    {"{name: a, port: 1, namespace: other}", grant, "plain:ResolvedRefs=ResolvedRefs", false},
		"of another kind": {"{name: a, port: 1, kind: Bucket}", "", "plain:ResolvedRefs=InvalidKind", true},
	} {
		w := read(t, strings.Replace(route, "REF", test.ref, 1)+test.more)
		rule := onlyRule(t, w)
		if rule.Auth == nil || (rule.Auth.External.Backend.Fault != "") != test.faulty || rule.Backends[0].Fault != "" {
			t.Errorf("%s: the rule has %+v", name, rule.Auth)
		}
		if test.faulty {
			same(t, name, []string{test.resolved}, w.said(gatewayapi.HTTPRouteKind, "r"))
		}
	}
}
