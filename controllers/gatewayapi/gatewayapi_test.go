// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/policy"
)

// world has the objects of one test. Each is as old as its place in the text says: the first is the oldest.
type world struct {
	gatewayapi.Input
	secrets     []*translate.Secret
	authorities []*translate.Authority
	objects     int
}

// read reads objects of the Gateway API, with their class and controller, from YAML.
func read(t *testing.T, text string) *world {
	t.Helper()
	w := &world{}
	w.Controller = gatewayapi.DefaultController
	w.Classes = []*gatewayv1.GatewayClass{{ObjectMeta: metav1.ObjectMeta{Name: "warren"},
		Spec: gatewayv1.GatewayClassSpec{ControllerName: gatewayapi.DefaultController}}}
	for document := range strings.SplitSeq(text, "---\n") {
		var kind metav1.TypeMeta
		into(t, document, &kind)
		switch kind.Kind {
		case "Gateway":
			w.Gateways = append(w.Gateways, older(w, into(t, document, &gatewayv1.Gateway{})))
		case "ListenerSet":
			w.ListenerSets = append(w.ListenerSets, older(w, into(t, document, &gatewayv1.ListenerSet{})))
		case "HTTPRoute":
			w.Routes = append(w.Routes, gatewayapi.ReadHTTPRoute(older(w, into(t, document, &gatewayv1.HTTPRoute{}))))
		case "BackendTLSPolicy":
			w.BackendTLSPolicies = append(w.BackendTLSPolicies, older(w, into(t, document, &gatewayv1.BackendTLSPolicy{})))
		case "GRPCRoute":
			w.Routes = append(w.Routes, gatewayapi.ReadGRPCRoute(older(w, into(t, document, &gatewayv1.GRPCRoute{}))))
		case "ReferenceGrant":
			w.Grants = append(w.Grants, into(t, document, &gatewayv1.ReferenceGrant{}))
		default:
			t.Fatalf("%q is no kind of this test", kind.Kind)
		}
	}
	return w
}

func into[T any](t *testing.T, document string, object T) T {
	t.Helper()
	if err := yaml.Unmarshal([]byte(document), object); err != nil {
		t.Fatal(err)
	}
	return object
}

func older[T metav1.Object](w *world, object T) T {
	object.SetCreationTimestamp(metav1.NewTime(time.Date(2026, 1, 1, 0, w.objects, 0, 0, time.UTC)))
	if object.GetNamespace() == "" {
		object.SetNamespace("default")
	}
	w.objects++
	return object
}

// served lists what each route serves, "route host@address rule -> backends".
func (w *world) served() (list []string) {
	for _, o := range gatewayapi.Attach(&w.Input).Objects {
		for i := range o.Hosts {
			h := &o.Hosts[i]
			for j := range h.Rules {
				var backends []string
				for k := range h.Rules[j].Backends {
					b := &h.Rules[j].Backends[k]
					to := fmt.Sprintf("%s/%s:%d*%d", b.Namespace, b.Service, b.Port, b.Weight)
					if b.Fault != "" {
						to = "fault"
					}
					backends = append(backends, to)
				}
				at := strings.TrimPrefix(h.Listener.Address.String(), "[::]")
				list = append(list, fmt.Sprintf("%s %s@%s %s -> %s", o.Name, h.Name, at, h.Rules[j].Match.Path, strings.Join(backends, " ")))
			}
		}
	}
	slices.Sort(list)
	return list
}

// said returns the conditions of an object's verdict that say "no", "type=reason". Those of a part have its name before
// them.
func (w *world) said(kind, name string) (list []string) {
	v := gatewayapi.Attach(&w.Input).Judge(w.secrets, w.authorities, nil)[gatewayapi.Key{Kind: kind, NamespacedName: types.NamespacedName{Namespace: "default", Name: name}}]
	if v == nil {
		return []string{"no verdict"}
	}
	say := func(of string, conditions []metav1.Condition) {
		for _, c := range conditions {
			negative := c.Type == string(gatewayv1.ListenerConditionConflicted) || c.Type == string(gatewayv1.RouteConditionPartiallyInvalid) ||
				c.Type == string(gatewayv1.GatewayConditionInsecureFrontendValidationMode)
			if (c.Status == metav1.ConditionTrue) == negative {
				list = append(list, of+c.Type+"="+c.Reason)
			}
		}
	}
	say("", v.Conditions)
	for i := range v.Listeners {
		say(string(v.Listeners[i].Name)+":", v.Listeners[i].Conditions)
	}
	for i := range v.Parents {
		say(string(v.Parents[i].ParentRef.Name)+":", v.Parents[i].Conditions)
	}
	for i := range v.Ancestors {
		say(string(v.Ancestors[i].AncestorRef.Name)+":", v.Ancestors[i].Conditions)
	}
	return list
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

const plain = `
kind: Gateway
metadata: {name: plain}
spec: {gatewayClassName: warren, listeners: [{name: http, port: 80, protocol: HTTP}]}
`

func TestARouteIsServedAtTheListenersThatTakeIt(t *testing.T) {
	t.Parallel()
	w := read(t, `
kind: Gateway
metadata: {name: g}
spec:
  gatewayClassName: warren
  listeners:
  - {name: one, port: 80, protocol: HTTP, hostname: "*.one.io"}
  - {name: two, port: 80, protocol: HTTP, hostname: a.one.io}
  - {name: any, port: 81, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
  - {name: blue, port: 82, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {color: blue}}}}}
---
kind: HTTPRoute
metadata: {name: all}
spec: {parentRefs: [{name: g}], hostnames: [b.one.io, a.one.io, "*.x.one.io", other], rules: [{backendRefs: [{name: s, port: 1}]}]}
---
kind: HTTPRoute
metadata: {name: section}
spec: {parentRefs: [{name: g, sectionName: two}], rules: [{matches: [{path: {value: /p/}}], backendRefs: [{name: s, port: 1, weight: 0}]}]}
---
kind: HTTPRoute
metadata: {name: port, namespace: other}
spec: {parentRefs: [{name: g, namespace: default, port: 81}], rules: [{backendRefs: [{name: s, port: 1}]}]}
---
kind: HTTPRoute
metadata: {name: selected, namespace: other}
spec: {parentRefs: [{name: g, namespace: default, sectionName: blue}], rules: [{backendRefs: [{name: s, port: 1}]}]}
---
kind: HTTPRoute
metadata: {name: foreign}
spec: {parentRefs: [{name: unknown}], rules: [{}]}
`)
	w.NamespaceLabels = map[string]map[string]string{"other": {"color": "blue"}, "default": {"color": "red"}}
	same(t, "served", []string{
		"all *.x.one.io@:80 / -> default/s:1*1", "all *.x.one.io@:81 / -> default/s:1*1",
		"all a.one.io@:80 / -> default/s:1*1", "all a.one.io@:81 / -> default/s:1*1",
		"all b.one.io@:80 / -> default/s:1*1", "all b.one.io@:81 / -> default/s:1*1", "all other@:81 / -> default/s:1*1",
		"port @:81 / -> other/s:1*1", "section a.one.io@:80 /p -> default/s:1*0", "selected @:82 / -> other/s:1*1",
	}, w.served())
	delete(w.NamespaceLabels["other"], "color")
	if slices.ContainsFunc(w.served(), func(s string) bool { return strings.HasPrefix(s, "selected") }) {
		t.Error("a route of a namespace that is not selected is served")
	}
}

func TestTheMostSpecificListenerHasAHost(t *testing.T) {
	t.Parallel()
	w := read(t, `
kind: Gateway
metadata: {name: g}
spec:
  gatewayClassName: warren
  listeners:
  - {name: every, port: 80, protocol: HTTP}
  - {name: wild, port: 80, protocol: HTTP, hostname: "*.a.io"}
---
kind: HTTPRoute
metadata: {name: every}
spec: {parentRefs: [{name: g, sectionName: every}], hostnames: [x.a.io, "*.y.a.io", "*.io", b], rules: [{backendRefs: [{name: s, port: 1}]}]}
`)
	same(t, "served", []string{"every *.io@:80 / -> default/s:1*1", "every b@:80 / -> default/s:1*1"}, w.served())
}

func TestWhyARouteIsNotAttached(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spec string
		want []string
	}{
		"attached":    {`{parentRefs: [{name: plain}], rules: [{backendRefs: [{name: s, port: 1}]}]}`, nil},
		"section":     {`{parentRefs: [{name: plain, sectionName: x}], rules: [{backendRefs: [{name: s, port: 1}]}]}`, []string{"plain:Accepted=NoMatchingParent"}},
		"port":        {`{parentRefs: [{name: plain, port: 81}], rules: [{backendRefs: [{name: s, port: 1}]}]}`, []string{"plain:Accepted=NoMatchingParent"}},
		"a kind":      {`{parentRefs: [{name: plain}], rules: [{backendRefs: [{name: s, port: 1, kind: Bucket}]}]}`, []string{"plain:ResolvedRefs=InvalidKind"}},
		"a namespace": {`{parentRefs: [{name: plain}], rules: [{backendRefs: [{name: s, port: 1, namespace: x}]}]}`, []string{"plain:ResolvedRefs=RefNotPermitted"}},
		"an expression": {`{parentRefs: [{name: plain}], rules: [{matches: [{headers: [{name: a, value: "(", type: RegularExpression}]}]}]}`,
			[]string{"plain:Accepted=UnsupportedValue"}},
		"a filter": {`{parentRefs: [{name: plain}], rules: [{filters: [{type: RequestMirror}]}]}`, []string{"plain:Accepted=UnsupportedValue"}},
		"one rule of two": {`{parentRefs: [{name: plain}], rules: [{filters: [{type: RequestMirror}]}, {matches: [{path: {value: /a}}]}]}`,
			[]string{"plain:PartiallyInvalid=UnsupportedValue"}},
		"one match of two": {`{parentRefs: [{name: plain}], rules: [{matches: [{path: {value: "("}}, {path: {value: /a}}]}]}`,
			[]string{"plain:PartiallyInvalid=UnsupportedValue"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := read(t, plain+"---\nkind: HTTPRoute\nmetadata: {name: r}\nspec: "+test.spec+"\n")
			same(t, "said", test.want, w.said(gatewayapi.HTTPRouteKind, "r"))
		})
	}
}

func TestWhatFiltersBecome(t *testing.T) {
	t.Parallel()
	headers := func(request, response policy.HeaderChanges) []policy.Policy {
		return []policy.Policy{&policy.Headers{Request: request, Response: response}}
	}
	for name, test := range map[string]struct {
		filters string
		want    []policy.Policy
	}{
		"headers": {`[{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: B, value: "2"}, {name: a, value: "1"}], add: [{name: C, value: "3"}], remove: [D]}}]`,
			headers(policy.HeaderChanges{Set: []policy.Header{{Name: "a", Value: "1"}, {Name: "B", Value: "2"}}, Append: []policy.Header{{Name: "C", Value: "3"}},
				Remove: []string{"d"}}, policy.HeaderChanges{})},
		"of the response": {`[{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [D]}}]`,
			headers(policy.HeaderChanges{}, policy.HeaderChanges{Remove: []string{"d"}})},
		"a line break": {`[{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: B, value: "2\n"}]}}]`, nil},
		"a length":     {`[{type: RequestHeaderModifier, requestHeaderModifier: {add: [{name: Content-Length, value: "2"}]}}]`, nil},
		"no name":      {`[{type: RequestHeaderModifier, requestHeaderModifier: {add: [{name: "a b", value: "2"}]}}]`, nil},
		"two ways":     {`[{type: RequestHeaderModifier, requestHeaderModifier: {add: [{name: a, value: "2"}], remove: [A]}}]`, nil},
		"the first of a name": {`[{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: a, value: "1"}, {name: A, value: "2"}]}}]`,
			headers(policy.HeaderChanges{}, policy.HeaderChanges{Set: []policy.Header{{Name: "a", Value: "1"}}})},
		"a redirect": {`[{type: RequestRedirect, requestRedirect: {}}]`, []policy.Policy{&policy.Redirect{Status: 302}}},
		"a redirect all": {`[{type: RequestRedirect, requestRedirect: {scheme: https, hostname: x.io, port: 8443, statusCode: 301, path: {type: ReplacePrefixMatch, replacePrefixMatch: /y}}}]`,
			[]policy.Policy{&policy.Redirect{Status: 301, Scheme: "https", Host: "x.io", Port: 8443, Path: policy.PathChange{Prefix: "/x", Replacement: "/y"}}}},
		"no status":           {`[{type: RequestRedirect, requestRedirect: {statusCode: 300}}]`, nil},
		"no scheme":           {`[{type: RequestRedirect, requestRedirect: {scheme: ftp}}]`, nil},
		"no path":             {`[{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: y}}}]`, nil},
		"no way":              {`[{type: URLRewrite, urlRewrite: {path: {type: Append}}}]`, nil},
		"no filter":           {`[{type: Sing}]`, nil},
		"of another's kind":   {`[{type: ExtensionRef, extensionRef: {group: x.io, kind: Limit, name: l}}]`, nil},
		"a redirect and more": {`[{type: RequestRedirect, requestRedirect: {}}, {type: URLRewrite, urlRewrite: {}}]`, nil},
		"CORS": {`[{type: CORS, cors: {allowOrigins: ["https://*.x.io", "https://*", "http://y:81"], allowMethods: ["*"], allowHeaders: ["*"], exposeHeaders: [A], maxAge: 9}}]`,
			[]policy.Policy{&policy.CORS{AllowOrigins: []string{"https://*.x.io", "https://*", "http://y:81"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"},
				ExposeHeaders: []string{"A"}, MaxAge: 9}}},
		"CORS with credentials": {`[{type: CORS, cors: {allowOrigins: ["*"], exposeHeaders: ["*", B], allowCredentials: true}}, {type: RequestRedirect, requestRedirect: {}}]`,
			[]policy.Policy{&policy.CORS{AllowOrigins: []string{"*"}, ExposeHeaders: []string{"B"}, AllowCredentials: true, MaxAge: 5}, &policy.Redirect{Status: 302}}},
		"CORS for nobody":   {`[{type: CORS, cors: {}}]`, []policy.Policy{&policy.CORS{MaxAge: 5}}},
		"CORS of no origin": {`[{type: CORS, cors: {allowOrigins: ["x.io"]}}]`, nil},
		"CORS of no header": {`[{type: CORS, cors: {allowHeaders: ["a b"]}}]`, nil},
		"a rewrite": {`[{type: URLRewrite, urlRewrite: {hostname: x.io, path: {type: ReplaceFullPath, replaceFullPath: /y}}}]`,
			[]policy.Policy{&policy.Rewrite{Host: "x.io", Path: policy.PathChange{Replace: "/y"}, Untold: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := read(t, plain+"---\nkind: HTTPRoute\nmetadata: {name: r}\nspec: {parentRefs: [{name: plain}], rules: [{matches: [{path: {value: /x}}], filters: "+test.filters+"}]}\n")
			rule := &gatewayapi.Attach(&w.Input).Objects[0].Hosts[0].Rules[0]
			if !slices.EqualFunc(test.want, rule.Policies, policy.Policy.Equal) {
				t.Errorf("got %+v, want %+v", rule.Policies, test.want)
			}
			if said := w.said(gatewayapi.HTTPRouteKind, "r"); (len(said) > 0) != (test.want == nil) {
				t.Errorf("the route says %v", said)
			}
		})
	}
}

func TestABackendThatMayNotBeReferredToGetsNothing(t *testing.T) {
	t.Parallel()
	route := plain + `---
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: plain}]
  rules:
  - {matches: [{path: {value: /a}}, {path: {value: /b}}], backendRefs: [{name: s, port: 1}, {name: s, port: 1, namespace: other}]}
`
	same(t, "without a grant", []string{"r @:80 /a -> default/s:1*1 fault", "r @:80 /b -> default/s:1*1 fault"}, read(t, route).served())
	for name, test := range map[string]struct {
		grant string
		want  string
	}{
		"of all":         {`{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}], to: [{group: "", kind: Service}]}`, "other/s:1*1"},
		"of it":          {`{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}], to: [{group: "", kind: Service, name: s}]}`, "other/s:1*1"},
		"of another":     {`{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}], to: [{group: "", kind: Service, name: x}]}`, "fault"},
		"of Secrets":     {`{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}], to: [{group: "", kind: Secret}]}`, "fault"},
		"to Gateways":    {`{from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: default}], to: [{group: "", kind: Service}]}`, "fault"},
		"to another one": {`{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: x}], to: [{group: "", kind: Service}]}`, "fault"},
	} {
		w := read(t, route+"---\nkind: ReferenceGrant\nmetadata: {name: g, namespace: other}\nspec: "+test.grant+"\n")
		same(t, "with a grant "+name, []string{"r @:80 /a -> default/s:1*1 " + test.want, "r @:80 /b -> default/s:1*1 " + test.want}, w.served())
	}
}

func TestWhichListenersAreServed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		listeners string
		want      []string
	}{
		"one":        {`[{name: a, port: 80, protocol: HTTP}]`, nil},
		"a protocol": {`[{name: a, port: 80, protocol: TCP}]`, []string{"Accepted=ListenersNotValid", "Programmed=Invalid", "a:Accepted=UnsupportedProtocol", "a:Programmed=Invalid"}},
		"a protocol's kinds": {`[{name: a, port: 80, protocol: TLS, allowedRoutes: {kinds: [{kind: HTTPRoute}]}}]`, []string{"Accepted=ListenersNotValid", "Programmed=Invalid",
			"a:Accepted=UnsupportedProtocol", "a:ResolvedRefs=InvalidRouteKinds", "a:Programmed=Invalid"}},
		"two protocols": {`[{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTPS, tls: {certificateRefs: [{name: good}]}}]`,
			[]string{"Accepted=ListenersNotValid", "Programmed=Invalid", "a:Accepted=ProtocolConflict", "a:Conflicted=ProtocolConflict", "a:Programmed=ProtocolConflict",
				"b:Accepted=ProtocolConflict", "b:Conflicted=ProtocolConflict", "b:Programmed=ProtocolConflict"}},
		"a hostname twice": {`[{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTP}, {name: c, port: 80, protocol: HTTP, hostname: c}]`,
			[]string{"a:Accepted=HostnameConflict", "a:Conflicted=HostnameConflict", "a:Programmed=HostnameConflict",
				"b:Accepted=HostnameConflict", "b:Conflicted=HostnameConflict", "b:Programmed=HostnameConflict"}},
		"a certificate":    {`[{name: a, port: 80, protocol: HTTPS, tls: {certificateRefs: [{name: good}]}}]`, nil},
		"no certificate":   {`[{name: a, port: 80, protocol: HTTPS, tls: {certificateRefs: [{name: none}]}}]`, []string{"Programmed=Invalid", "a:ResolvedRefs=InvalidCertificateRef", "a:Programmed=Invalid"}},
		"one of two":       {`[{name: a, port: 80, protocol: HTTPS, tls: {certificateRefs: [{name: none}, {name: good}]}}]`, []string{"a:ResolvedRefs=InvalidCertificateRef"}},
		"a bad one":        {`[{name: a, port: 80, protocol: HTTPS, tls: {certificateRefs: [{name: bad}]}}]`, []string{"Programmed=Invalid", "a:ResolvedRefs=InvalidCertificateRef", "a:Programmed=Invalid"}},
		"another's":        {`[{name: a, port: 80, protocol: HTTPS, tls: {certificateRefs: [{name: good, namespace: x}]}}]`, []string{"Programmed=Invalid", "a:ResolvedRefs=RefNotPermitted", "a:Programmed=Invalid"}},
		"another kind":     {`[{name: a, port: 80, protocol: HTTPS, tls: {certificateRefs: [{name: good, kind: Vault}]}}]`, []string{"Programmed=Invalid", "a:ResolvedRefs=InvalidCertificateRef", "a:Programmed=Invalid"}},
		"kinds of routes":  {`[{name: a, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: HTTPRoute}, {kind: Bird}]}}]`, []string{"a:ResolvedRefs=InvalidRouteKinds"}},
		"no kind of route": {`[{name: a, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: Bird}]}}]`, []string{"Programmed=Invalid", "a:ResolvedRefs=InvalidRouteKinds", "a:Programmed=Invalid"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := read(t, "kind: Gateway\nmetadata: {name: g}\nspec: {gatewayClassName: warren, listeners: "+test.listeners+"}\n")
			w.secrets = []*translate.Secret{{Namespace: "default", Name: "good", Chain: "c"}, {Namespace: "default", Name: "bad", Fault: "it is bad"}}
			got := w.said(gatewayapi.GatewayKind, "g")
			if name == "a hostname twice" {
				got = slices.DeleteFunc(got, func(s string) bool { return !strings.Contains(s, ":") })
			}
			same(t, "said", test.want, got)
		})
	}
}

func TestTheOlderGatewayHasWhatTwoWant(t *testing.T) {
	t.Parallel()
	second := strings.ReplaceAll(plain, "plain", "second")
	w := read(t, plain+"---"+second)
	same(t, "the older one", nil, w.said(gatewayapi.GatewayKind, "plain"))
	same(t, "the younger one", []string{"Accepted=ListenersNotValid", "Programmed=Invalid", "http:Accepted=HostnameConflict", "http:Conflicted=HostnameConflict",
		"http:Programmed=HostnameConflict"}, w.said(gatewayapi.GatewayKind, "second"))
	w.Addresses = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}
	same(t, "the younger one with an address of its own", nil, w.said(gatewayapi.GatewayKind, "second"))
}

func TestWhichAddressesGatewaysGet(t *testing.T) {
	t.Parallel()
	const one, two, three = "192.0.2.1", "192.0.2.2", "192.0.2.3"
	gateway := func(name, rest string) string {
		return "kind: Gateway\nmetadata: {name: " + name + "}\n" + strings.Replace(rest, "spec: {", "spec: {gatewayClassName: warren, ", 1) + "\n"
	}
	elsewhere := func(gateway string) string {
		return strings.Replace(gateway, "metadata: {", "metadata: {namespace: other, ", 1)
	}
	for name, test := range map[string]struct {
		objects []string
		want    map[string]string
	}{
		"one each":    {[]string{gateway("a", "spec: {}"), gateway("b", "spec: {}")}, map[string]string{"a": one, "b": two}},
		"what it has": {[]string{gateway("a", "spec: {}"), gateway("b", "spec: {}\nstatus: {addresses: [{value: "+one+"}]}")}, map[string]string{"a": two, "b": one}},
		"what it asks for": {[]string{gateway("a", "spec: {}\nstatus: {addresses: [{value: "+one+"}]}"), gateway("b", "spec: {addresses: [{value: "+one+"}]}")},
			map[string]string{"a": two, "b": one}},
		"what another namespace's has": {[]string{gateway("a", "spec: {}\nstatus: {addresses: [{value: "+one+"}]}"),
			elsewhere(gateway("b", "spec: {addresses: [{value: "+one+"}]}"))}, map[string]string{"a": one, "b": " Programmed=AddressNotUsable"}},
		"what another namespace's asks for too": {[]string{gateway("a", "spec: {addresses: [{value: "+one+"}]}"),
			elsewhere(gateway("b", "spec: {addresses: [{value: "+one+"}]}"))}, map[string]string{"a": one, "b": " Programmed=AddressNotUsable"}},
		"what another namespace's had": {[]string{gateway("a", "spec: {addresses: [{value: "+two+"}]}\nstatus: {addresses: [{value: "+one+"}]}"),
			elsewhere(gateway("b", "spec: {addresses: [{value: "+one+"}]}"))}, map[string]string{"a": two, "b": one}},
		"any":             {[]string{gateway("a", "spec: {addresses: [{type: IPAddress}]}")}, map[string]string{"a": one}},
		"none of ours":    {[]string{gateway("a", "spec: {addresses: [{value: 198.51.100.1}]}")}, map[string]string{"a": " Programmed=AddressNotUsable"}},
		"of another type": {[]string{gateway("a", "spec: {addresses: [{type: Hostname, value: x.io}]}")}, map[string]string{"a": " Accepted=UnsupportedAddress Programmed=Invalid"}},
		"more than there are": {[]string{gateway("a", "spec: {}"), gateway("b", "spec: {}"), gateway("c", "spec: {}"), gateway("d", "spec: {}")},
			map[string]string{"a": one, "b": two, "c": three, "d": one}},
	} {
		t.Run(name, func(t *testing.T) {
			w := read(t, strings.Join(test.objects, "---\n"))
			for _, g := range w.Gateways {
				g.Spec.Listeners = []gatewayv1.Listener{{Name: "l", Port: 80, Protocol: gatewayv1.HTTPProtocolType, Hostname: new(gatewayv1.Hostname(g.Name + ".io"))}}
			}
			w.Addresses = []netip.Addr{netip.MustParseAddr(one), netip.MustParseAddr(two), netip.MustParseAddr(three)}
			verdicts, got := gatewayapi.Attach(&w.Input).Judge(nil, nil, nil), map[string]string{}
			for _, g := range w.Gateways {
				v := verdicts[gatewayapi.Key{Kind: gatewayapi.GatewayKind, NamespacedName: types.NamespacedName{Namespace: g.Namespace, Name: g.Name}}]
				for _, a := range v.Addresses {
					got[g.Name] += a.Value
				}
				for _, c := range v.Conditions {
					if c.Status != metav1.ConditionTrue {
						got[g.Name] += " " + c.Type + "=" + c.Reason
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerdictsThatSayTheSameAreEqual(t *testing.T) {
	t.Parallel()
	route := "---\nkind: HTTPRoute\nmetadata: {name: r}\nspec: {parentRefs: [{name: plain}], rules: [{backendRefs: [{name: s, port: 1}]}]}\n"
	judged := func(text string) map[gatewayapi.Key]*gatewayapi.Verdict {
		w := read(t, text)
		return gatewayapi.Attach(&w.Input).Judge(nil, nil, nil)
	}
	one, same, other := judged(plain+route), judged(plain+route), judged(plain)
	for key, v := range one {
		if !v.Equal(same[key]) {
			t.Errorf("%v: two verdicts that say the same differ", key)
		}
		if o := other[key]; key.Kind == gatewayapi.GatewayKind && v.Equal(o) {
			t.Errorf("%v: with a route it says the same as without", key)
		}
	}
}

func TestVerdictsHaveNoTimes(t *testing.T) {
	t.Parallel()
	w := read(t, plain)
	for key, v := range gatewayapi.Attach(&w.Input).Judge(nil, nil, nil) {
		for _, c := range v.Conditions {
			if !c.LastTransitionTime.IsZero() {
				t.Errorf("%v has the time %v", key, c.LastTransitionTime)
			}
		}
		if key.Kind == gatewayapi.GatewayKind && meta.FindStatusCondition(v.Listeners[0].Conditions, "Programmed") == nil {
			t.Error("a listener has no condition Programmed")
		}
	}
}
