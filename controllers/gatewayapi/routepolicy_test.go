// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// limitedRoute is a route with a rule for each of its paths, of which the first names the RoutePolicies.
const limitedRoute = `kind: Gateway
metadata: {name: g}
spec: {gatewayClassName: warren, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: g}]
  rules:
  - matches: [{path: {value: /cart}}, {path: {type: Exact, value: /basket}}]
    filters:
    - {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [server]}}
    - {type: ExtensionRef, extensionRef: {group: ingress.warren.dev, kind: RoutePolicy, name: limits}}
    - {type: ExtensionRef, extensionRef: {group: ingress.warren.dev, kind: RoutePolicy, name: more}}
    backendRefs: [{name: cart, port: 80}]
  - matches: [{path: {value: /open}}]
    backendRefs: [{name: open, port: 80}]`

// routePolicy returns a RoutePolicy whose spec is in YAML.
func routePolicy(t *testing.T, w *world, name, spec string) *v1alpha1.RoutePolicy {
	t.Helper()
	return older(w, into(t, "metadata: {name: "+name+"}\nspec: "+spec, &v1alpha1.RoutePolicy{}))
}

// rulesOf returns the rules of the only route.
func (w *world) rulesOf(t *testing.T) []rules.Rule {
	t.Helper()
	objects := gatewayapi.Attach(&w.Input).Objects
	if len(objects) != 1 || len(objects[0].Hosts) != 1 || len(objects[0].Hosts[0].Rules) != 3 {
		t.Fatalf("there are %+v", objects)
	}
	return objects[0].Hosts[0].Rules
}

func TestARuleHasWhatItsRoutePoliciesSay(t *testing.T) {
	t.Parallel()
	w := read(t, limitedRoute)
	w.RoutePolicies = []*v1alpha1.RoutePolicy{
		routePolicy(t, w, "limits", `{accessControl: {allowedIPs: [10.0.0.0/8]}, maxRequestBytes: 1Mi, hsts: {}, timeouts: {request: 7s, connect: 2s}, retries: {attempts: 3}}`),
		routePolicy(t, w, "more", `{loadBalancing: {policy: LeastRequest}, pathSpelling: Canonical, errorPages: [{statusCodes: [503], serviceName: pages, port: 80}]}`),
		routePolicy(t, w, "unused", `{retries: {attempts: 0}}`),
	}
	for n, r := range w.rulesOf(t) {
		var names []string
		for _, p := range r.Policies {
			names = append(names, p.Name())
		}
		want, limited := []string{"hsts", "access-control", "max-request-bytes", "headers"}, n < 2
		if !limited {
			want = nil
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("%s: policies (-want +got):\n%s", r.Match.Path, diff)
		}
		if got := r.Timeouts.Request.String() == "7s" && r.Timeouts.Connect.String() == "2s" && r.Retries == 3 && r.Canonical && r.Balancing != nil && len(r.ErrorPages) == 1; got != limited {
			t.Errorf("%s: it is %+v", r.Match.Path, r)
		}
	}
	if got := w.said("HTTPRoute", "shop"); got != nil {
		t.Errorf("of the route is said %q", got)
	}
	verdicts := gatewayapi.Attach(&w.Input).Judge(nil, nil, nil)
	for name, want := range map[string][]v1alpha1.PolicyUser{"limits": {{Kind: "HTTPRoute", Name: "shop"}}, "more": {{Kind: "HTTPRoute", Name: "shop"}}, "unused": nil} {
		v := verdicts[gatewayapi.Key{Kind: v1alpha1.RoutePolicyKind, NamespacedName: types.NamespacedName{Namespace: "default", Name: name}}]
		if diff := cmp.Diff(want, v.Users); diff != "" || !meta.IsStatusConditionTrue(v.Conditions, v1alpha1.ConditionAccepted) {
			t.Errorf("%s: %+v, users (-want +got):\n%s", name, v.Conditions, diff)
		}
	}
}

// Whoever names a policy may mean to keep clients out.
func TestARuleWithoutItsRoutePolicyIsClosed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ limits, more, want string }{
		"one that is not there":                      {`{fixedResponse: {statusCode: 200, body: open}}`, "", "g:ResolvedRefs=RoutePolicyNotFound"},
		"one that is invalid":                        {`{fixedResponse: {statusCode: 200}}`, `{accessControl: {allowedIPs: [10.0.0.0/99]}}`, "g:ResolvedRefs=RoutePolicyInvalid"},
		"one that is invalid for one of the matches": {`{rewrite: {replacePrefix: /x}}`, `{retries: {attempts: 1}}`, "g:ResolvedRefs=RoutePolicyInvalid"},
		"one that says what a filter says":           {`{headers: {remove: [x]}}`, `{retries: {attempts: 1}}`, "g:ResolvedRefs=RoutePolicyInvalid"},
		"one that has another one's pages":           {`{errorPages: [{statusCodes: [503], serviceName: a, port: 80}]}`, `{errorPages: [{statusCodes: [404], serviceName: b, port: 80}]}`, "g:ResolvedRefs=RoutePolicyInvalid"},
		"one that says what another one says":        {`{maxRequestBytes: 1Mi}`, `{maxRequestBytes: 2Mi}`, "g:ResolvedRefs=RoutePolicyInvalid"},
	} {
		w := read(t, limitedRoute)
		w.RoutePolicies = append(w.RoutePolicies, routePolicy(t, w, "limits", test.limits))
		if test.more != "" {
			w.RoutePolicies = append(w.RoutePolicies, routePolicy(t, w, "more", test.more))
		}
		w.RoutePolicies = append(w.RoutePolicies, routePolicy(t, w, "elsewhere", `{retries: {attempts: 0}}`))
		w.RoutePolicies[len(w.RoutePolicies)-1].Namespace, w.RoutePolicies[len(w.RoutePolicies)-1].Name = "other", "more"
		for n, r := range w.rulesOf(t) {
			closed := len(r.Backends) == 1 && r.Backends[0].Fault != "" && len(r.Policies) == 0
			if closed != (n < 2) {
				t.Errorf("%s: %s is closed: %v", name, r.Match.Path, closed)
			}
		}
		if diff := cmp.Diff([]string{test.want}, w.said("HTTPRoute", "shop")); diff != "" {
			t.Errorf("%s: of the route is said (-want +got):\n%s", name, diff)
		}
	}
	w := read(t, limitedRoute)
	w.RoutePolicies = []*v1alpha1.RoutePolicy{routePolicy(t, w, "limits", `{accessControl: {allowedIPs: [10.0.0.0/99]}}`)}
	if diff := cmp.Diff([]string{"Accepted=InvalidPolicy"}, w.said(v1alpha1.RoutePolicyKind, "limits")); diff != "" {
		t.Errorf("of the policy is said (-want +got):\n%s", diff)
	}
}

func TestAFixedResponseIsInPlaceOfBackends(t *testing.T) {
	t.Parallel()
	w := read(t, limitedRoute)
	w.RoutePolicies = []*v1alpha1.RoutePolicy{
		routePolicy(t, w, "limits", `{fixedResponse: {statusCode: 503, body: back soon}}`), routePolicy(t, w, "more", `{maxRequestBytes: 2Mi}`),
	}
	if r := w.rulesOf(t)[0]; !policy.Answers(r.Policies) || len(r.Backends) > 0 {
		t.Errorf("the rule is %+v", r)
	}
}

// A filter that is not understood may be another controller's way to keep clients out.
func TestNoRoutePolicyOpensARuleThatIsRefused(t *testing.T) {
	t.Parallel()
	w := read(t, `kind: Gateway
metadata: {name: g}
spec: {gatewayClassName: warren, listeners: [{name: http, port: 80, protocol: HTTP}]}
---
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: g}]
  rules:
  - filters:
    - {type: ExtensionRef, extensionRef: {group: ingress.warren.dev, kind: RoutePolicy, name: answer}}
    - {type: ExtensionRef, extensionRef: {group: example.com, kind: Auth, name: users}}
    backendRefs: [{name: cart, port: 80}]`)
	w.RoutePolicies = []*v1alpha1.RoutePolicy{routePolicy(t, w, "answer", `{fixedResponse: {statusCode: 200, body: open}}`)}
	if diff := cmp.Diff([]string{"shop @:80 / -> fault"}, w.served()); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"g:Accepted=" + string(gatewayv1.RouteReasonUnsupportedValue)}, w.said("HTTPRoute", "shop")); diff != "" {
		t.Errorf("of the route is said (-want +got):\n%s", diff)
	}
}
