// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// What a route's conditions say about one parent, if it is attached.
const (
	routeAccepted = " Accepted=True Accepted"
	routeResolved = " ResolvedRefs=True ResolvedRefs"
)

// wrong is an object of the Gateway API with a mistake.
type wrong struct {
	// kind and spec are those of the object, whose name is the name of the case. more is another object that it needs. $B
	// and $G stand for the namespaces, and $P for the port of the backend.
	kind, spec, more string
	// elsewhere is set if it is in namespace $G.
	elsewhere bool
	// says is what its conditions say: for a route "parent type=status reason", for a Gateway "type=status reason" and
	// "listener type=status reason" of those that are not in order.
	says []string
	// ask is a URL, without its scheme, and answers the status that it has.
	ask     string
	answers int
}

func (w *wrong) namespace(k *testCluster) string {
	if w.elsewhere {
		return k.Green
	}
	return k.Blue
}

// wrongGateways are Gateways with mistakes. Each has a port of its own, but for those that want another one's.
var wrongGateways = map[string]wrong{
	"protocol":         {spec: `listeners: [{name: a, port: 21001, protocol: example.com/odd}]`, says: unserved("a Accepted=False UnsupportedProtocol", "a Programmed=False Invalid")},
	"protocol-of-one":  {spec: `listeners: [{name: a, port: 21002, protocol: example.com/odd}, {name: b, port: 21003, protocol: HTTP}]`, says: []string{"Accepted=True ListenersNotValid", "Programmed=True Programmed", "a Accepted=False UnsupportedProtocol", "a Programmed=False Invalid"}},
	"two-protocols":    {spec: `listeners: [{name: a, port: 21004, protocol: HTTP}, {name: b, port: 21004, protocol: HTTPS, tls: {certificateRefs: [{name: none}]}}]`, says: unserved("a Accepted=False ProtocolConflict", "a Conflicted=True ProtocolConflict", "a Programmed=False ProtocolConflict", "b Accepted=False ProtocolConflict", "b Conflicted=True ProtocolConflict", "b Programmed=False ProtocolConflict", "b ResolvedRefs=False InvalidCertificateRef")},
	"no-certificate":   {spec: `listeners: [{name: a, port: 21005, protocol: HTTPS, tls: {certificateRefs: [{name: none}]}}]`, says: uncertified("InvalidCertificateRef")},
	"bad-certificate":  {spec: `listeners: [{name: a, port: 21006, protocol: HTTPS, tls: {certificateRefs: [{name: malformed}]}}]`, says: uncertified("InvalidCertificateRef")},
	"certificate-kind": {spec: `listeners: [{name: a, port: 21007, protocol: HTTPS, tls: {certificateRefs: [{kind: ConfigMap, name: malformed}]}}]`, says: uncertified("InvalidCertificateRef")},
	"certificate-group": {spec: `listeners: [{name: a, port: 21008, protocol: HTTPS, tls: {certificateRefs: [{group: example.com, kind: Secret, name: malformed}]}}]`,
		says: uncertified("InvalidCertificateRef")},
	"certificate-elsewhere": {spec: `listeners: [{name: a, port: 21009, protocol: HTTPS, tls: {certificateRefs: [{name: other, namespace: $G}]}}]`, says: uncertified("RefNotPermitted")},
	"certificate-granted-to-others": {spec: `listeners: [{name: a, port: 21010, protocol: HTTPS, tls: {certificateRefs: [{name: granted, namespace: $G}]}}]`,
		more: `{kind: ReferenceGrant, metadata: {name: to-routes, namespace: $G}, spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: $B}], to: [{group: "", kind: Secret, name: granted}]}}`,
		says: uncertified("RefNotPermitted")},
	"route-kind":          {spec: `listeners: [{name: a, port: 21011, protocol: HTTP, allowedRoutes: {kinds: [{kind: InvalidRoute}]}}]`, says: []string{"Accepted=True Accepted", "Programmed=False Invalid", "a Programmed=False Invalid", "a ResolvedRefs=False InvalidRouteKinds"}},
	"route-kind-of-two":   {spec: `listeners: [{name: a, port: 21012, protocol: HTTP, allowedRoutes: {kinds: [{kind: InvalidRoute}, {kind: GRPCRoute}]}}]`, says: []string{"Accepted=True Accepted", "Programmed=True Programmed", "a ResolvedRefs=False InvalidRouteKinds"}},
	"route-kind-of-group": {spec: `listeners: [{name: a, port: 21013, protocol: HTTP, allowedRoutes: {kinds: [{group: example.com, kind: HTTPRoute}]}}]`, says: []string{"Accepted=True Accepted", "Programmed=False Invalid", "a Programmed=False Invalid", "a ResolvedRefs=False InvalidRouteKinds"}},
	"address-type":        {spec: `{addresses: [{type: Hostname, value: x.io}], listeners: [{name: a, port: 21014, protocol: HTTP}]}`, says: []string{"Accepted=False UnsupportedAddress", "Programmed=False Invalid", "a Programmed=False Invalid"}},
	"address":             {spec: `{addresses: [{value: 198.51.100.1}], listeners: [{name: a, port: 21015, protocol: HTTP}]}`, says: []string{"Accepted=True Accepted", "Programmed=False AddressNotUsable", "a Programmed=False Invalid"}},
	"parameters":          {spec: `{infrastructure: {parametersRef: {group: example.com, kind: Size, name: large}}, listeners: [{name: a, port: 21016, protocol: HTTP}]}`, says: []string{"Accepted=False InvalidParameters", "Programmed=False Invalid", "a Programmed=False Invalid"}},
	"host-of-older":       {spec: `listeners: [{name: a, port: 21000, protocol: HTTP, hostname: "*.io"}]`, says: unserved("a Accepted=False HostnameConflict", "a Conflicted=True HostnameConflict", "a Programmed=False HostnameConflict")},
	"protocol-of-older":   {spec: `listeners: [{name: a, port: 21000, protocol: HTTPS, hostname: x.net, tls: {certificateRefs: [{name: none}]}}]`, says: unserved("a Accepted=False ProtocolConflict", "a Conflicted=True ProtocolConflict", "a Programmed=False ProtocolConflict", "a ResolvedRefs=False InvalidCertificateRef")},
	"port-of-others":      {spec: `listeners: [{name: a, port: 21020, protocol: HTTP}]`, says: []string{"Accepted=True Accepted", "Programmed=False Invalid", "a Programmed=False PortUnavailable"}},
	"class":               {spec: `{gatewayClassName: nobody, listeners: [{name: a, port: 21021, protocol: HTTP}]}`, says: []string{"Accepted=Unknown Pending", "Programmed=Unknown Pending"}},
}

// unserved is what a Gateway says none of whose listeners is accepted.
func unserved(listeners ...string) []string {
	return append([]string{"Accepted=False ListenersNotValid", "Programmed=False Invalid"}, listeners...)
}

// uncertified is what a Gateway says whose listener has no certificate.
func uncertified(reason string) []string {
	return []string{"Accepted=True Accepted", "Programmed=False Invalid", "a Programmed=False Invalid", "a ResolvedRefs=False " + reason}
}

// wrongRoutes are routes with mistakes. Where they are served, each is so at a hostname of its own.
var wrongRoutes = map[string]wrong{
	"parent":              {kind: "HTTPRoute", spec: `{parentRefs: [{name: nobody}], rules: [{}]}`},
	"parent-kind":         {kind: "HTTPRoute", spec: `{parentRefs: [{group: "", kind: Service, name: good}], rules: [{}]}`},
	"section":             {kind: "HTTPRoute", spec: `{parentRefs: [{name: good, sectionName: none}], rules: [{}]}`, says: []string{"good/none Accepted=False NoMatchingParent", "good/none" + routeResolved}},
	"port":                {kind: "HTTPRoute", spec: `{parentRefs: [{name: good, port: 80}], rules: [{}]}`, says: refusedFor("NoMatchingParent")},
	"section-and-port":    {kind: "HTTPRoute", spec: `{parentRefs: [{name: good, sectionName: http, port: 21022}], rules: [{}]}`, says: []string{"good/http Accepted=False NoMatchingParent", "good/http" + routeResolved}},
	"kind":                {kind: "HTTPRoute", spec: `{parentRefs: [{name: good, sectionName: grpc}], hostnames: [kind.io], rules: [{}]}`, says: []string{"good/grpc Accepted=False NotAllowedByListeners", "good/grpc" + routeResolved}},
	"namespace":           {kind: "HTTPRoute", elsewhere: true, spec: `{parentRefs: [{name: good, namespace: $B}], hostnames: [namespace.io], rules: [{}]}`, says: refusedFor("NotAllowedByListeners"), ask: "namespace.io:21000", answers: 404},
	"hostname":            {kind: "HTTPRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [x.net], rules: [{}]}`, says: []string{"good/http Accepted=False NoMatchingListenerHostname", "good/http" + routeResolved}},
	"one-of-two-parents":  {kind: "HTTPRoute", spec: `{parentRefs: [{name: good, sectionName: http}, {name: good, sectionName: none}], hostnames: [one-of-two-parents.io], rules: [{backendRefs: [{name: web, port: $P}]}]}`, says: []string{"good/http" + routeAccepted, "good/http" + routeResolved, "good/none Accepted=False NoMatchingParent", "good/none" + routeResolved}, ask: "one-of-two-parents.io:21000", answers: 200},
	"backend-kind":        unresolvedFor("HTTPRoute", "backend-kind", `{kind: ConfigMap, name: web, port: $P}`, "InvalidKind", 500),
	"backend-group":       unresolvedFor("HTTPRoute", "backend-group", `{group: example.com, kind: Service, name: web, port: $P}`, "InvalidKind", 500),
	"backend":             unresolvedFor("HTTPRoute", "backend", `{name: none, port: $P}`, "BackendNotFound", 500),
	"backend-port":        unresolvedFor("HTTPRoute", "backend-port", `{name: service, port: 81}`, "BackendNotFound", 500),
	"backend-elsewhere":   unresolvedFor("HTTPRoute", "backend-elsewhere", `{name: web, namespace: $G, port: $P}`, "RefNotPermitted", 500),
	"grant-to-a-kind":     granted("grant-to-a-kind", `from: [{group: gateway.networking.k8s.io, kind: GRPCRoute, namespace: $B}], to: [{group: "", kind: Service, name: to-a-kind}]`, "to-a-kind"),
	"grant-to-a-space":    granted("grant-to-a-space", `from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: $G}], to: [{group: "", kind: Service, name: to-a-space}]`, "to-a-space"),
	"grant-of-a-name":     granted("grant-of-a-name", `from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: $B}], to: [{group: "", kind: Service, name: another}]`, "of-a-name"),
	"mirror-kind":         {kind: "HTTPRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [mirror-kind.io], rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {kind: ConfigMap, name: web, port: 1}}}], backendRefs: [{name: web, port: $P}]}]}`, says: []string{"good/http" + routeAccepted, "good/http ResolvedRefs=False InvalidKind"}, ask: "mirror-kind.io:21000", answers: 200},
	"mirror":              {kind: "HTTPRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [mirror.io], rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: none, port: 1}}}], backendRefs: [{name: web, port: $P}]}]}`, says: []string{"good/http" + routeAccepted, "good/http ResolvedRefs=False BackendNotFound"}, ask: "mirror.io:21000", answers: 200},
	"mirror-elsewhere":    {kind: "HTTPRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [mirror-elsewhere.io], rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {namespace: $G, name: web, port: 1}}}], backendRefs: [{name: web, port: $P}]}]}`, says: []string{"good/http" + routeAccepted, "good/http ResolvedRefs=False RefNotPermitted"}, ask: "mirror-elsewhere.io:21000", answers: 200},
	"no-expression":       unsupportedFor("no-expression", `{matches: [{path: {type: RegularExpression, value: "/a("}}], backendRefs: [{name: web, port: $P}]}`, "/a/b"),
	"large-expression":    unsupportedFor("large-expression", `{matches: [{path: {type: RegularExpression, value: "/(x{1000}){900}"}}], backendRefs: [{name: web, port: $P}]}`, "/a"),
	"no-parameter":        unsupportedFor("no-parameter", `{matches: [{queryParams: [{name: q, type: RegularExpression, value: "["}]}], backendRefs: [{name: web, port: $P}]}`, "/?q=1"),
	"no-path":             {kind: "HTTPRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [no-path.io], rules: [{matches: [{path: {value: /%00}}], backendRefs: [{name: web, port: $P}]}]}`, says: []string{"good/http Accepted=False UnsupportedValue", "good/http" + routeResolved}, ask: "no-path.io:21000/%00", answers: 400},
	"one-of-two-rules":    {kind: "HTTPRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [one-of-two-rules.io], rules: [{matches: [{headers: [{name: h, type: RegularExpression, value: "("}]}], backendRefs: [{name: web, port: $P}]}, {backendRefs: [{name: web, port: $P}]}]}`, says: []string{"good/http" + routeAccepted, "good/http PartiallyInvalid=True UnsupportedValue", "good/http" + routeResolved}, ask: "one-of-two-rules.io:21000", answers: 200},
	"extension":           unsupportedFor("extension", `{filters: [{type: ExtensionRef, extensionRef: {group: example.com, kind: Limit, name: l}}], backendRefs: [{name: web, port: $P}]}`, "/"),
	"extension-of-ours":   unsupportedFor("extension-of-ours", `{filters: [{type: ExtensionRef, extensionRef: {group: ingress.warren.dev, kind: Nothing, name: l}}], backendRefs: [{name: web, port: $P}]}`, "/"),
	"backend-extension":   unsupportedFor("backend-extension", `{backendRefs: [{name: web, port: $P, filters: [{type: ExtensionRef, extensionRef: {group: example.com, kind: Limit, name: l}}]}]}`, "/"),
	"backend-mirror":      unsupportedFor("backend-mirror", `{backendRefs: [{name: web, port: $P, filters: [{type: RequestMirror, requestMirror: {backendRef: {name: web, port: $P}}}]}]}`, "/"),
	"header-of-ours":      unsupportedFor("header-of-ours", `{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: Content-Length, value: "1"}]}}], backendRefs: [{name: web, port: $P}]}`, "/"),
	"header-twice":        unsupportedFor("header-twice", `{filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {set: [{name: A, value: "1"}], remove: [a]}}], backendRefs: [{name: web, port: $P}]}`, "/"),
	"header-with-a-break": unsupportedFor("header-with-a-break", `{filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: A, value: "1\r\nB: 2"}]}}], backendRefs: [{name: web, port: $P}]}`, "/"),
	"replacement":         unsupportedFor("replacement", `{filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: x}}}], backendRefs: [{name: web, port: $P}]}`, "/"),
	"weights":             {kind: "HTTPRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [weights.io], rules: [{backendRefs: [{name: web, port: $P, weight: 0}]}]}`, says: []string{"good/http" + routeAccepted, "good/http" + routeResolved}, ask: "weights.io:21000", answers: 503},
	"no-backends":         {kind: "HTTPRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [no-backends.io], rules: [{matches: [{path: {value: /a}}]}]}`, says: []string{"good/http" + routeAccepted, "good/http" + routeResolved}, ask: "no-backends.io:21000/a", answers: 500},
	"host-of-grpc":        {kind: "HTTPRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: ["*.calls.io"], rules: [{backendRefs: [{name: web, port: $P}]}]}`, says: []string{"good/http Accepted=False HostnameConflict", "good/http" + routeResolved}, ask: "x.calls.io:21000", answers: 404},

	"grpc-section":      {kind: "GRPCRoute", spec: `{parentRefs: [{name: good, sectionName: none}], rules: [{}]}`, says: []string{"good/none Accepted=False NoMatchingParent", "good/none" + routeResolved}},
	"grpc-kind":         {kind: "GRPCRoute", spec: `{parentRefs: [{name: good, sectionName: web}], hostnames: [grpc-kind.io], rules: [{}]}`, says: []string{"good/web Accepted=False NotAllowedByListeners", "good/web" + routeResolved}},
	"grpc-hostname":     {kind: "GRPCRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [x.net], rules: [{}]}`, says: []string{"good/http Accepted=False NoMatchingListenerHostname", "good/http" + routeResolved}},
	"grpc-host-of-http": {kind: "GRPCRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [good.io], rules: [{backendRefs: [{name: web, port: $P}]}]}`, says: []string{"good/http Accepted=False HostnameConflict", "good/http" + routeResolved}},
	"grpc-backend":      unresolvedFor("GRPCRoute", "grpc-backend", `{name: none, port: $P}`, "BackendNotFound", 503),
	"grpc-backend-kind": unresolvedFor("GRPCRoute", "grpc-backend-kind", `{kind: ConfigMap, name: web, port: $P}`, "InvalidKind", 503),
	"grpc-elsewhere":    unresolvedFor("GRPCRoute", "grpc-elsewhere", `{name: web, namespace: $G, port: $P}`, "RefNotPermitted", 503),
	"grpc-expression":   {kind: "GRPCRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [grpc-expression.io], rules: [{matches: [{method: {type: RegularExpression, service: "a(", method: B}}], backendRefs: [{name: web, port: $P}]}]}`, says: []string{"good/http Accepted=False UnsupportedValue", "good/http" + routeResolved}, ask: "grpc-expression.io:21000/a/B", answers: 503},
	"grpc-extension":    {kind: "GRPCRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [grpc-extension.io], rules: [{filters: [{type: ExtensionRef, extensionRef: {group: example.com, kind: Limit, name: l}}], backendRefs: [{name: web, port: $P}]}]}`, says: []string{"good/http Accepted=False UnsupportedValue", "good/http" + routeResolved}, ask: "grpc-extension.io:21000/a/B", answers: 503},
	"grpc-no-rules":     {kind: "GRPCRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [grpc-no-rules.io]}`, says: []string{"good/http" + routeAccepted, "good/http" + routeResolved}, ask: "grpc-no-rules.io:21000/a/B", answers: 404},
}

// refusedFor is what a route says that the Gateway does not accept, for whatever else it says.
func refusedFor(reason string) []string {
	return []string{"good Accepted=False " + reason, "good" + routeResolved}
}

// unresolvedFor is a route whose backend cannot be used.
func unresolvedFor(kind, name, backend, reason string, answers int) wrong {
	return wrong{kind: kind, spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [` + name + `.io], rules: [{backendRefs: [` + backend + `]}]}`,
		says: []string{"good/http" + routeAccepted, "good/http ResolvedRefs=False " + reason}, ask: name + ".io:21000/a/B", answers: answers}
}

// granted is a route whose backend is in another namespace, with a grant that does not help it.
func granted(name, grant, service string) wrong {
	of := unresolvedFor("HTTPRoute", name, `{name: `+service+`, namespace: $G, port: 80}`, "RefNotPermitted", 500)
	of.more = `{kind: ReferenceGrant, metadata: {name: ` + name + `, namespace: $G}, spec: {` + grant + `}}`
	return of
}

// unsupportedFor is an HTTPRoute whose only rule cannot be served as it is written.
func unsupportedFor(name, rule, path string) wrong {
	return wrong{kind: "HTTPRoute", spec: `{parentRefs: [{name: good, sectionName: http}], hostnames: [` + name + `.io], rules: [` + rule + `]}`,
		says: []string{"good/http Accepted=False UnsupportedValue", "good/http" + routeResolved}, ask: name + ".io:21000" + path, answers: 500}
}

// TestWhatIsSaidOfMistakes makes objects with a mistake each beside some in order. Each is told what the API demands,
// and nothing else is lost.
func TestWhatIsSaidOfMistakes(t *testing.T) {
	t.Parallel()
	k := gatewayCluster(t)
	if err := kubeapi.DefineGatewayAPI(k.Config); err != nil {
		t.Fatal(err)
	}
	const address = "127.9.0.2"
	taken, err := net.Listen("tcp", address+":21020")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "b") }))
	t.Cleanup(backend.Close)
	at := backend.Listener.Addr().(*net.TCPAddr).AddrPort()
	named := func(namespace, name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: namespace, Name: name}
	}
	k.Make(fixture.Task(k.Blue, "one", "web", at.Addr().String()),
		&corev1.Service{ObjectMeta: named(k.Blue, "service"), Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}},
		&corev1.Secret{ObjectMeta: named(k.Blue, "malformed"), Type: corev1.SecretTypeTLS, Data: map[string][]byte{"tls.crt": []byte("none"), "tls.key": []byte("none")}})

	words := strings.NewReplacer("$B", k.Blue, "$G", k.Green, "$P", fmt.Sprint(at.Port()))
	create := func(kind, namespace, name, spec string) {
		t.Helper()
		if strings.HasPrefix(spec, "listeners") {
			spec = "{" + spec + "}"
		}
		k.createText(words.Replace(fmt.Sprintf("{kind: %s, metadata: {name: %s, namespace: %s}, spec: %s}", kind, name, namespace, spec)))
	}
	k.createText("{kind: GatewayClass, metadata: {name: warren}, spec: {controllerName: " + gatewayapi.DefaultController + "}}")
	create("Gateway", k.Blue, "good", `{gatewayClassName: warren, listeners: [{name: http, port: 21000, protocol: HTTP, hostname: "*.io"},
		{name: grpc, port: 21022, protocol: HTTP, allowedRoutes: {kinds: [{kind: GRPCRoute}]}}, {name: web, port: 21023, protocol: HTTP, allowedRoutes: {kinds: [{kind: HTTPRoute}]}}]}`)
	create("HTTPRoute", k.Blue, "good", `{parentRefs: [{name: good, sectionName: http}], hostnames: [good.io], rules: [{backendRefs: [{name: web, port: $P}]}]}`)
	create("GRPCRoute", k.Blue, "calls", `{parentRefs: [{name: good, sectionName: http}], hostnames: [a.calls.io], rules: [{matches: [{method: {service: a, method: B}}], backendRefs: [{name: web, port: $P}]}]}`)
	k.startGateways(netip.MustParseAddr(address))
	k.saysOfGateway("good", []string{"Accepted=True Accepted", "Programmed=True Programmed"}) // and is the oldest
	oldest := k.get("Gateway", k.Blue, "good").GetCreationTimestamp()
	fixture.Eventually(t, func() error { // Ages are in seconds.
		k.createText(words.Replace("{apiVersion: v1, kind: ConfigMap, metadata: {generateName: clock-, namespace: $B}}"))
		var list corev1.ConfigMapList
		if err := k.List(t.Context(), &list, client.InNamespace(k.Blue)); err != nil {
			return err
		}
		if !slices.ContainsFunc(list.Items, func(c corev1.ConfigMap) bool { return c.CreationTimestamp.After(oldest.Time) }) {
			return fmt.Errorf("it is still the second of the oldest objects")
		}
		return nil
	})

	for name, test := range wrongGateways {
		spec := test.spec
		if !strings.HasPrefix(spec, "{") {
			spec = "{" + spec + "}"
		}
		if !strings.Contains(spec, "gatewayClassName") {
			spec = "{gatewayClassName: warren, " + spec[1:]
		}
		if test.more != "" {
			k.createText(words.Replace(test.more))
		}
		create("Gateway", k.Blue, name, spec)
	}
	for name, test := range wrongRoutes {
		if test.more != "" {
			k.createText(words.Replace(test.more))
		}
		create(test.kind, test.namespace(k), name, test.spec)
	}
	if cases := len(wrongGateways) + len(wrongRoutes); cases < 40 {
		t.Errorf("there are %d mistakes", cases)
	}
	for name, test := range wrongGateways {
		k.saysOfGateway(name, test.says)
	}
	for name, test := range wrongRoutes {
		k.saysOfRoute(test.kind, test.namespace(k), name, test.says)
	}
	k.saysOfRoute("HTTPRoute", k.Blue, "good", []string{"good/http" + routeAccepted, "good/http" + routeResolved})
	k.saysOfRoute("GRPCRoute", k.Blue, "calls", []string{"good/http" + routeAccepted, "good/http" + routeResolved})

	asked := map[string]int{"good.io:21000/any": 200, "nobody.io:21000": 404}
	for _, test := range wrongRoutes {
		if test.ask != "" {
			asked[test.ask] = test.answers
		}
	}
	for url, want := range asked {
		host, path, _ := strings.Cut(url, "/")
		name, port, _ := strings.Cut(host, ":")
		fixture.Eventually(t, func() error {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+":"+port+"/"+path, nil)
			if err != nil {
				return err
			}
			request.Host = name
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return err
			}
			_ = response.Body.Close()
			if response.StatusCode != want {
				return fmt.Errorf("%s answers %d, want %d", url, response.StatusCode, want)
			}
			return nil
		})
	}
}

// createText makes an object of the Gateway API, or one that says its apiVersion, from YAML.
func (k *testCluster) createText(text string) {
	k.T.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
		k.T.Fatalf("%v\n%s", err, text)
	}
	if object.GetAPIVersion() == "" {
		object.SetAPIVersion(gatewayv1.GroupVersion.String())
	}
	if err := k.Create(k.T.Context(), object); err != nil {
		k.T.Fatalf("%v\n%s", err, text)
	}
}

func (k *testCluster) get(kind, namespace, name string) *unstructured.Unstructured {
	k.T.Helper()
	object := &unstructured.Unstructured{}
	object.SetAPIVersion(gatewayv1.GroupVersion.String())
	object.SetKind(kind)
	if err := k.Get(k.T.Context(), client.ObjectKey{Namespace: namespace, Name: name}, object); err != nil {
		k.T.Fatal(err)
	}
	return object
}

// saysOfGateway waits until a Gateway's conditions say this, and those of its listeners that are not in order.
func (k *testCluster) saysOfGateway(name string, want []string) {
	k.T.Helper()
	fixture.Eventually(k.T, func() error {
		var g gatewayv1.Gateway
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(k.get("Gateway", k.Blue, name).Object, &g); err != nil {
			return err
		}
		got := sayings("", g.Generation, g.Status.Conditions)
		for i := range g.Status.Listeners {
			l := &g.Status.Listeners[i]
			for _, line := range sayings(string(l.Name)+" ", g.Generation, l.Conditions) {
				if !strings.Contains(line, "=True ") == strings.Contains(line, " Conflicted=") {
					continue
				}
				got = append(got, line)
			}
		}
		return sameLines("Gateway "+name, want, got)
	})
}

// saysOfRoute waits until a route's conditions say this.
func (k *testCluster) saysOfRoute(kind, namespace, name string, want []string) {
	k.T.Helper()
	fixture.Eventually(k.T, func() error {
		var route gatewayv1.HTTPRoute // A GRPCRoute has the same status.
		object := k.get(kind, namespace, name)
		delete(object.Object, "spec")
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &route); err != nil {
			return err
		}
		var got []string
		for i := range route.Status.Parents {
			p := &route.Status.Parents[i]
			parent := string(p.ParentRef.Name)
			if p.ParentRef.SectionName != nil {
				parent += "/" + string(*p.ParentRef.SectionName)
			}
			got = append(got, sayings(parent+" ", route.Generation, p.Conditions)...)
		}
		return sameLines(kind+" "+name, want, got)
	})
}

// sayings are what conditions say, each after a prefix. Those of another generation say so.
func sayings(prefix string, generation int64, conditions []metav1.Condition) (lines []string) {
	for _, c := range conditions {
		line := fmt.Sprintf("%s%s=%s %s", prefix, c.Type, c.Status, c.Reason)
		if c.ObservedGeneration != generation && c.Reason != string(gatewayv1.GatewayReasonPending) {
			line += fmt.Sprintf(" of generation %d, which is now %d", c.ObservedGeneration, generation)
		}
		lines = append(lines, line)
	}
	return lines
}

func sameLines(what string, want, got []string) error {
	want = slices.Sorted(slices.Values(want))
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("%s says (-want +got):\n%s", what, diff)
	}
	return nil
}
