// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// gatewayCluster returns a cluster of its own, without the resource definitions of the Gateway API.
func gatewayCluster(t *testing.T) *testCluster {
	t.Helper()
	config := kubeapi.Start(t)
	scheme, err := cluster.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	if err := rbacv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	k := &testCluster{Cluster: &fixture.Cluster{T: t, Client: c, Config: config}, user: fixture.FullUser}
	k.Blue, k.Green = kubeapi.Namespace(t, config), kubeapi.Namespace(t, config)
	k.GrantRights(fixture.FullUser, "", func(rbacv1.PolicyRule) bool { return true })
	return k
}

// runProxy returns a data plane that runs until the test ends.
func runProxy(t *testing.T) *proxy.Proxy {
	t.Helper()
	data := proxy.New(proxy.Config{Logger: logr.Discard(), MaxHeaderBytes: 64 << 10, MaxHeaders: 128, DrainTimeout: fixture.Patience})
	ctx, stop := context.WithCancel(context.Background())
	watched := make(chan struct{})
	go func() { defer close(watched); data.Watch(ctx) }()
	t.Cleanup(func() {
		if err := data.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		stop()
		<-watched
	})
	return data
}

// made makes an object from YAML once its definition is served.
func made[T client.Object](k *testCluster, object T, text string) T {
	k.T.Helper()
	if err := yaml.UnmarshalStrict([]byte(text), object); err != nil {
		k.T.Fatal(err)
	}
	fixture.Eventually(k.T, func() error { return k.Create(k.T.Context(), object) })
	return object
}

// stateOf returns what the status of a Gateway says: its conditions, its addresses, and each listener with its routes.
func stateOf(g *gatewayv1.Gateway) (list []string) {
	for _, c := range g.Status.Conditions {
		list = append(list, fmt.Sprintf("%s=%s %s %d", c.Type, c.Status, c.Reason, g.Generation-c.ObservedGeneration))
	}
	for _, a := range g.Status.Addresses {
		list = append(list, a.Value)
	}
	for i := range g.Status.Listeners {
		l := &g.Status.Listeners[i]
		list = append(list, fmt.Sprintf("%s %d", l.Name, l.AttachedRoutes))
		for _, c := range l.Conditions {
			if c.Type == string(gatewayv1.ListenerConditionProgrammed) {
				list = append(list, fmt.Sprintf("%s=%s %s", c.Type, c.Status, c.Reason))
			}
		}
	}
	slices.Sort(list)
	return list
}

// startGateways runs a replica whose data plane takes connections for Gateways at an address.
func (k *testCluster) startGateways(at netip.Addr) *replica {
	t := k.T
	t.Helper()
	data := runProxy(t)
	return k.start(func(_ *ctrl.Options, o *Options, _ *recordingProxy) {
		o.Applier, o.Listening, o.AllowLocalTasks = data, data, true
		o.GatewayController, o.GatewayAddresses = gatewayapi.DefaultController, []netip.Addr{at}
	})
}

// speaksHTTP2 has a client or a server speak HTTP/2 without TLS, and nothing else.
func speaksHTTP2() *http.Protocols {
	var only http.Protocols
	only.SetUnencryptedHTTP2(true)
	return &only
}

// servesGRPC waits until a GRPCRoute of a Gateway is served at an address, and says so.
func (k *testCluster) servesGRPC(gateway *gatewayv1.Gateway, address string) {
	t := k.T
	t.Helper()
	backend := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
		_, _ = io.WriteString(w, r.Proto+" "+r.URL.Path)
	}))
	backend.Config.Protocols = speaksHTTP2()
	backend.Start()
	t.Cleanup(backend.Close)
	at := backend.Listener.Addr().(*net.TCPAddr).AddrPort()
	k.Make(fixture.Task(k.Blue, "calls", "calls", at.Addr().String()))
	route := made(k, &gatewayv1.GRPCRoute{}, fmt.Sprintf("metadata: {name: calls, namespace: %s}\n"+`
spec:
  parentRefs: [{name: %s}]
  hostnames: [calls.x.io]
  rules: [{matches: [{method: {service: a.B, method: C}}], backendRefs: [{name: calls, port: %d}]},
    {matches: [{method: {service: a.D}}], backendRefs: [{name: none, port: 1}]}]`, k.Blue, gateway.Name, at.Port()))
	client := &http.Client{Transport: &http.Transport{Protocols: speaksHTTP2()}}
	t.Cleanup(client.CloseIdleConnections)
	call := func(method string) (string, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+method, http.NoBody)
		if err != nil {
			return "", err
		}
		request.Host = "calls.x.io"
		request.Header.Set("Content-Type", "application/grpc")
		response, err := client.Do(request)
		if err != nil {
			return "", err
		}
		defer func() { _ = response.Body.Close() }()
		content, err := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusOK {
			return response.Status[:3], err
		}
		return string(content) + " " + response.Trailer.Get("Grpc-Status"), err
	}
	fixture.Eventually(t, func() error {
		if got, err := call("/a.B/C"); got != "HTTP/2.0 /a.B/C 0" {
			return fmt.Errorf("the call ends with %q, %w", got, err)
		}
		return nil
	})
	// A client of gRPC takes 404 for UNIMPLEMENTED and 503 for UNAVAILABLE.
	for method, want := range map[string]string{"/a.B/Other": "404", "/other/C": "404", "/a.D/E": "503"} {
		if got, err := call(method); got != want {
			t.Errorf("%s ends with %q (%v), want %s", method, got, err, want)
		}
	}
	fixture.Eventually(t, func() error {
		k.Reload(route)
		var got []string
		for _, p := range route.Status.Parents {
			for _, c := range p.Conditions {
				got = append(got, fmt.Sprintf("%s %s=%s %s", p.ParentRef.Name, c.Type, c.Status, c.Reason))
			}
		}
		if diff := cmp.Diff([]string{"g Accepted=True Accepted", "g ResolvedRefs=False BackendNotFound"}, got); diff != "" {
			return fmt.Errorf("the GRPCRoute says (-want +got):\n%s", diff)
		}
		return nil
	})
	k.Remove(route)
}

func TestGatewaysAreServedOnceTheirDefinitionsAreThere(t *testing.T) {
	t.Parallel()
	k := gatewayCluster(t)
	r := k.startGateways(netip.MustParseAddr("127.9.0.1"))
	r.isReady(t) // without them
	if err := kubeapi.DefineGatewayAPI(k.Config, "grpcroutes"); err != nil {
		t.Fatal(err)
	}

	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "b") }))
	t.Cleanup(backend.Close)
	address := backend.Listener.Addr().(*net.TCPAddr).AddrPort()
	task := fixture.Task(k.Blue, "one", "web", address.Addr().String())
	k.Make(task)
	made(k, &gatewayv1.GatewayClass{}, "metadata: {name: warren}\nspec: {controllerName: "+gatewayapi.DefaultController+"}")
	gateway := made(k, &gatewayv1.Gateway{}, "metadata: {name: g, namespace: "+k.Blue+`}
spec:
  gatewayClassName: warren
  listeners: [{name: http, port: 20081, protocol: HTTP, hostname: "*.io"}]`)
	route := made(k, &gatewayv1.HTTPRoute{}, fmt.Sprintf("metadata: {name: r, namespace: %s}\n"+`
spec:
  parentRefs: [{name: g}]
  hostnames: [shop.x.io]
  rules: [{matches: [{path: {value: /cart}}], backendRefs: [{name: web, port: %d}]}, {matches: [{path: {value: /none}}], backendRefs: [{name: none, port: 1}]}]`,
		k.Blue, address.Port()))

	ask := func(host, path string) (string, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.9.0.1:20081"+path, nil)
		if err != nil {
			return "", err
		}
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return "", err
		}
		defer func() { _ = response.Body.Close() }()
		content, err := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusOK {
			return response.Status[:3], err
		}
		return string(content), err
	}
	fixture.Eventually(t, func() error {
		if got, err := ask("shop.x.io", "/cart"); got != "b" {
			return fmt.Errorf("got %q, %w", got, err)
		}
		return nil
	})
	for _, test := range []struct{ host, path, want string }{
		{"shop.x.io", "/", "404"}, {"x.io", "/cart", "404"}, {"other", "/cart", "404"}, {"shop.x.io", "/none", "500"},
	} {
		if got, err := ask(test.host, test.path); got != test.want {
			t.Errorf("%s%s: got %q (%v), want %s", test.host, test.path, got, err, test.want)
		}
	}
	want := []string{"127.9.0.1", "Accepted=True Accepted 0", "Programmed=True Programmed", "Programmed=True Programmed 0", "http 1"}
	fixture.Eventually(t, func() error {
		k.Reload(gateway)
		if diff := cmp.Diff(want, stateOf(gateway)); diff != "" {
			return fmt.Errorf("the Gateway says (-want +got):\n%s", diff)
		}
		k.Reload(route)
		var got []string
		for _, p := range route.Status.Parents {
			for _, c := range p.Conditions {
				got = append(got, fmt.Sprintf("%s %s=%s %s", p.ParentRef.Name, c.Type, c.Status, c.Reason))
			}
		}
		if diff := cmp.Diff([]string{"g Accepted=True Accepted", "g ResolvedRefs=False BackendNotFound"}, got); diff != "" {
			return fmt.Errorf("the route says (-want +got):\n%s", diff)
		}
		return nil
	})

	// A rule is closed without the RoutePolicy that it names, and has what that says as soon as it is there.
	k.Change(route, func() {
		route.Spec.Rules[0].Filters = []gatewayv1.HTTPRouteFilter{{Type: gatewayv1.HTTPRouteFilterExtensionRef,
			ExtensionRef: &gatewayv1.LocalObjectReference{Group: v1alpha1.GroupName, Kind: v1alpha1.RoutePolicyKind, Name: "limits"}}}
	})
	cartGets := func(want string) {
		t.Helper()
		fixture.Eventually(t, func() error {
			if got, err := ask("shop.x.io", "/cart"); got != want {
				return fmt.Errorf("got %q (%w), want %s", got, err, want)
			}
			return nil
		})
	}
	cartGets("500")
	limits := &v1alpha1.RoutePolicy{}
	limits.Namespace, limits.Name = k.Blue, "limits"
	limits.Spec.AccessControl = &v1alpha1.AccessControl{AllowedIPs: []v1alpha1.AddressRange{"192.0.2.0/24"}}
	k.Make(limits)
	cartGets("403")
	k.says(limits, "Accepted=True Accepted")
	k.Change(limits, func() { limits.Spec.AccessControl.AllowedIPs = []v1alpha1.AddressRange{"127.0.0.0/8"} })
	cartGets("b")
	fixture.Eventually(t, func() error {
		k.Reload(limits)
		if diff := cmp.Diff([]v1alpha1.PolicyUser{{Kind: "HTTPRoute", Name: "r"}}, limits.Status.Routes); diff != "" || limits.Status.AttachedRoutes != 1 {
			return fmt.Errorf("%d routes use the RoutePolicy (-want +got):\n%s", limits.Status.AttachedRoutes, diff)
		}
		return nil
	})
	k.Remove(limits)
	cartGets("500")
	empty := &v1alpha1.RoutePolicy{}
	empty.Namespace, empty.Name = k.Blue, "empty"
	if err := k.Create(t.Context(), empty); err == nil {
		t.Error("a RoutePolicy without any policy is taken")
	}

	if err := kubeapi.DefineGatewayAPI(k.Config); err != nil {
		t.Fatal(err)
	}
	k.servesGRPC(gateway, "http://127.9.0.1:20081")

	// Nothing is written again, and what others have written stays.
	k.Change(route, func() { route.Spec.Rules[0].Filters = nil })
	cartGets("b")
	k.Reload(route)
	foreign := gatewayv1.RouteParentStatus{ParentRef: gatewayv1.ParentReference{Name: "theirs"}, ControllerName: "example.com/theirs", Conditions: route.Status.Parents[0].Conditions}
	fixture.Eventually(t, func() error { // The controller may write meanwhile.
		k.Reload(route)
		route.Status.Parents = append(route.Status.Parents, foreign)
		return k.Status().Update(t.Context(), route)
	})
	k.Change(route, func() { route.Spec.Hostnames = []gatewayv1.Hostname{"other.net"} })
	fixture.Eventually(t, func() error {
		k.Reload(route)
		var got []string
		for _, p := range route.Status.Parents {
			got = append(got, fmt.Sprintf("%s %s", p.ParentRef.Name, p.Conditions[0].Reason))
		}
		if diff := cmp.Diff([]string{"theirs Accepted", "g NoMatchingListenerHostname"}, got); diff != "" {
			return fmt.Errorf("the route says (-want +got):\n%s", diff)
		}
		return nil
	})
	k.Remove(gateway)
	fixture.Eventually(t, func() error {
		if c, err := net.Dial("tcp", "127.9.0.1:20081"); err == nil {
			_ = c.Close()
			return fmt.Errorf("the port of a Gateway that is gone is open")
		}
		k.Reload(route)
		if len(route.Status.Parents) != 1 {
			return fmt.Errorf("the route has %d parents, want the one of another controller", len(route.Status.Parents))
		}
		return nil
	})
}
