// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// servicesCluster is a gatewayCluster with the definitions, with a GatewayClass, and with the rights that the chart
// gives where Gateways get Services.
func servicesCluster(t *testing.T) *testCluster {
	t.Helper()
	k := gatewayCluster(t)
	if err := kubeapi.DefineGatewayAPI(k.Config); err != nil {
		t.Fatal(err)
	}
	k.Make(
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "services"}, Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"create", "update", "delete"}},
			{APIGroups: []string{discoveryv1.GroupName}, Resources: []string{"endpointslices"}, Verbs: []string{"create", "update", "delete"}},
		}},
		&rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "services"},
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "services"},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: fixture.FullUser}}})
	made(k, &gatewayv1.GatewayClass{}, "metadata: {name: warren}\nspec: {controllerName: "+gatewayapi.DefaultController+"}")
	return k
}

// behind starts a replica at an address whose Gateways get Services of a type. Closing the channel has it drain.
func (k *testCluster) behind(name, address, kind string) (*replica, chan struct{}) {
	k.T.Helper()
	r, draining := k.known(name, func(_ *ctrl.Options, o *Options, _ *recordingProxy) {
		o.Replica.Address, o.Replica.Node = netip.MustParseAddr(address), "node-"+name
		o.GatewayController, o.GatewayServices = gatewayapi.DefaultController, kind
	})
	r.isReady(k.T)
	return r, draining
}

// gateway makes a Gateway with HTTP listeners at these ports.
func (k *testCluster) gateway(name string, ports ...int) *gatewayv1.Gateway {
	k.T.Helper()
	text := "metadata: {name: " + name + ", namespace: " + k.Blue + "}\nspec:\n  gatewayClassName: warren\n  listeners:\n"
	for _, port := range ports {
		text += fmt.Sprintf("  - {name: http-%d, port: %d, protocol: HTTP}\n", port, port)
	}
	return made(k, &gatewayv1.Gateway{}, text)
}

// service returns a Service, nil if there is none.
func (k *testCluster) service(name string) *corev1.Service {
	k.T.Helper()
	service := &corev1.Service{}
	err := k.Get(k.T.Context(), types.NamespacedName{Namespace: k.Blue, Name: name}, service)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		k.T.Fatal(err)
	}
	return service
}

// leads waits until a Service is this: "type port->target … | endpoint:port …".
func (k *testCluster) leads(name, want string) *corev1.Service {
	k.T.Helper()
	var service *corev1.Service
	fixture.Eventually(k.T, func() error {
		got := "none"
		if service = k.service(name); service != nil {
			got = string(service.Spec.Type)
			for _, p := range service.Spec.Ports {
				got += fmt.Sprintf(" %d->%s", p.Port, p.TargetPort.String())
			}
			if len(service.Spec.Selector)+len(service.Spec.ExternalIPs) > 0 {
				got += fmt.Sprintf(" selects %v %v", service.Spec.Selector, service.Spec.ExternalIPs)
			}
			got += " |"
		}
		var slices discoveryv1.EndpointSliceList
		if err := k.List(k.T.Context(), &slices, client.InNamespace(k.Blue), client.MatchingLabels{discoveryv1.LabelServiceName: name}); err != nil {
			return err
		}
		for i := range slices.Items {
			for _, e := range slices.Items[i].Endpoints {
				for _, p := range slices.Items[i].Ports {
					got += fmt.Sprintf(" %s:%d", strings.Join(e.Addresses, ","), *p.Port)
				}
			}
		}
		if got != want {
			return fmt.Errorf("Service %s is %q, want %q", name, got, want)
		}
		return nil
	})
	return service
}

// opens waits until a replica opens these ports: "address owner's port".
func (k *testCluster) opens(r *replica, want ...string) {
	k.T.Helper()
	fixture.Eventually(k.T, func() error {
		var got []string
		for i := range r.proxy.snapshot().Listeners {
			l := &r.proxy.snapshot().Listeners[i]
			got = append(got, fmt.Sprintf("%s %d", l.Address, l.ClientPort()))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("listeners (-want +got):\n%s", diff)
		}
		return nil
	})
}

// gatewaySays waits until the status of a Gateway has this: see stateOf.
func (k *testCluster) gatewaySays(g *gatewayv1.Gateway, want ...string) {
	k.T.Helper()
	slices.Sort(want)
	fixture.Eventually(k.T, func() error {
		k.Reload(g)
		if diff := cmp.Diff(want, stateOf(g)); diff != "" {
			return fmt.Errorf("%s says (-want +got):\n%s\n%v", g.Name, diff, g.Status.Conditions)
		}
		return nil
	})
}

func TestEachGatewayGetsAServiceOfItsOwn(t *testing.T) {
	t.Parallel()
	k := servicesCluster(t)
	a, _ := k.behind("a", "10.0.0.1", "ClusterIP")
	b, drainB := k.behind("b", "10.0.0.2", "ClusterIP")

	web := k.gateway("web", 80, 8080)
	service := k.leads("web-warren", "ClusterIP 80->20000 8080->20001 | 10.0.0.1:20000 10.0.0.1:20001 10.0.0.2:20000 10.0.0.2:20001")
	for _, r := range []*replica{a, b} {
		k.opens(r, "[::]:20000 80", "[::]:20001 8080")
	}
	programmed := []string{"Accepted=True Accepted 0", "Programmed=True Programmed 0"}
	of := func(address string, listeners ...string) (state []string) {
		for _, l := range listeners {
			state = append(state, "http-"+l+" 0", "Programmed=True Programmed")
		}
		return append(append(state, programmed...), address)
	}
	k.gatewaySays(web, of(service.Spec.ClusterIP, "80", "8080")...)
	slice := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: k.Blue, Name: "web-warren-ipv4"}}
	if k.Reload(slice); *slice.Endpoints[1].NodeName != "node-b" { // which traffic policies go by
		t.Errorf("b is on node %s", *slice.Endpoints[1].NodeName)
	}
	if owner := metav1.GetControllerOf(service); owner == nil || owner.UID != web.UID || owner.BlockOwnerDeletion != nil {
		t.Errorf("the Service belongs to %v", owner)
	}

	// Another Gateway has the same port for itself.
	other := k.gateway("other", 80)
	service = k.leads("other-warren", "ClusterIP 80->20002 | 10.0.0.1:20002 10.0.0.2:20002")
	k.opens(b, "[::]:20000 80", "[::]:20001 8080", "[::]:20002 80")
	k.gatewaySays(other, of(service.Spec.ClusterIP, "80")...)

	// Labels and annotations come and go with the Gateway's; those of others stay.
	k.Change(web, func() {
		web.Spec.Infrastructure = &gatewayv1.GatewayInfrastructure{Labels: map[gatewayv1.LabelKey]gatewayv1.LabelValue{"a": "1"},
			Annotations: map[gatewayv1.AnnotationKey]gatewayv1.AnnotationValue{"b": "2"}}
	})
	has := func(want map[string]string) {
		t.Helper()
		fixture.Eventually(t, func() error {
			s := k.service("web-warren")
			got := maps.Clone(s.Labels)
			maps.Copy(got, s.Annotations)
			delete(got, "ingress.warren.dev/gateway-service")
			if diff := cmp.Diff(want, got); diff != "" {
				return fmt.Errorf("labels and annotations (-want +got):\n%s", diff)
			}
			return nil
		})
	}
	has(map[string]string{"a": "1", "b": "2", gatewayv1.GatewayNameLabelKey: "web", gatewayv1.GatewayClassNameLabelKey: "warren"})
	service = k.service("web-warren")
	k.Change(service, func() { service.Annotations["cloud.example.com/id"] = "lb-1" })
	k.Change(web, func() { web.Spec.Infrastructure = nil })
	has(map[string]string{"cloud.example.com/id": "lb-1", gatewayv1.GatewayNameLabelKey: "web", gatewayv1.GatewayClassNameLabelKey: "warren"})

	// A port that goes leaves the Service and the data plane, and one that comes takes its place.
	k.Change(web, func() { web.Spec.Listeners = web.Spec.Listeners[:1] })
	k.leads("web-warren", "ClusterIP 80->20000 | 10.0.0.1:20000 10.0.0.2:20000")
	k.opens(b, "[::]:20000 80", "[::]:20002 80")
	k.Change(other, func() { other.Spec.Listeners[0].Port = 81 })
	k.leads("other-warren", "ClusterIP 81->20001 | 10.0.0.1:20001 10.0.0.2:20001")
	k.opens(b, "[::]:20000 80", "[::]:20001 81")

	// A replica that drains leaves the slices while it still takes connections, and its successor comes in.
	close(drainB)
	k.leads("web-warren", "ClusterIP 80->20000 | 10.0.0.1:20000")
	b.stop()
	k.behind("c", "10.0.0.3", "ClusterIP")
	k.leads("web-warren", "ClusterIP 80->20000 | 10.0.0.1:20000 10.0.0.3:20000")
}

func TestAServiceLeadsToNothingElseWhateverIsWritten(t *testing.T) {
	t.Parallel()
	k := servicesCluster(t)
	a, _ := k.behind("a", "10.0.0.1", "ClusterIP")
	web := k.gateway("web", 80)
	k.leads("web-warren", "ClusterIP 80->20000 | 10.0.0.1:20000")
	k.gateway("other", 80)
	k.leads("other-warren", "ClusterIP 80->20001 | 10.0.0.1:20001")
	k.opens(a, "[::]:20000 80", "[::]:20001 80")
	owner := string(web.UID) // The object is read again meanwhile.
	a.proxy.mu.Lock()
	a.proxy.before = func(s *snapshot.Snapshot) error {
		for i := range s.Listeners {
			if l := &s.Listeners[i]; l.Address.Port() != 20000 && l.Owner == owner {
				t.Errorf("%v is opened for the Gateway whose Service is %v", l.Address, "[::]:20000")
			}
		}
		return nil
	}
	a.proxy.mu.Unlock()

	service, slice := k.service("web-warren"), &discoveryv1.EndpointSlice{}
	slice.Namespace, slice.Name = k.Blue, "web-warren-ipv4"
	port := func(target intstr.IntOrString) { service.Spec.Ports[0].TargetPort = target }
	for name, change := range map[string]func(){
		"the port of another Gateway": func() { port(intstr.FromInt32(20001)) },
		"a port out of the range, a selector, an address": func() {
			port(intstr.FromInt32(8443))
			service.Spec.Selector, service.Spec.ExternalIPs = map[string]string{"app": "evil"}, []string{"192.0.2.7"}
		},
		"a port by name, another port, another type": func() {
			port(intstr.FromString("http"))
			service.Spec.Ports = append(service.Spec.Ports, corev1.ServicePort{Name: "x", Port: 81, TargetPort: intstr.FromInt32(20007)})
			service.Spec.Type = corev1.ServiceTypeNodePort
		},
		"no label":  func() { service.Labels = nil },
		"no record": func() { service.Annotations = nil },
	} {
		k.Change(service, change)
		k.leads("web-warren", "ClusterIP 80->20000 | 10.0.0.1:20000")
		fixture.Eventually(t, func() error {
			if s := k.service("web-warren"); s.Labels[gatewayv1.GatewayNameLabelKey] != "web" || s.Annotations["ingress.warren.dev/gateway-service"] == "" {
				return fmt.Errorf("%s: labels and annotations are %v, %v", name, s.Labels, s.Annotations)
			}
			return nil
		})
		k.opens(a, "[::]:20000 80", "[::]:20001 80")
	}
	for _, change := range []func(){
		func() { slice.Endpoints[0].Addresses = []string{"10.0.0.66"} },
		func() { slice.Ports[0].Port = new(int32(1)) },
		func() { delete(slice.Labels, discoveryv1.LabelManagedBy) },
		func() { slice.Labels[discoveryv1.LabelServiceName] = "other-warren" },
	} {
		k.Change(slice, change)
		fixture.Eventually(t, func() error {
			k.Reload(slice)
			if slice.Labels[discoveryv1.LabelManagedBy] == "" {
				return fmt.Errorf("the slice has no manager")
			}
			return nil
		})
		k.leads("web-warren", "ClusterIP 80->20000 | 10.0.0.1:20000")
		k.leads("other-warren", "ClusterIP 80->20001 | 10.0.0.1:20001")
	}

	// Whoever takes the Gateway's name away from the Service has none.
	k.Change(service, func() { service.OwnerReferences = nil })
	k.gatewaySays(web, "Accepted=True Accepted 0", "Programmed=False Invalid 0", "Programmed=False Pending", "http-80 0")
	k.opens(a, "[::]:20001 80")
	k.Remove(service)
	k.leads("web-warren", "ClusterIP 80->20000 | 10.0.0.1:20000")

	// A Service that is somebody else's is left alone.
	foreign, _ := fixture.KubernetesService(k.Blue, "third-warren", "10.0.0.9")
	k.Make(foreign)
	version := foreign.ResourceVersion
	third := k.gateway("third", 80)
	k.gatewaySays(third, "Accepted=True Accepted 0", "Programmed=False Invalid 0", "Programmed=False Pending", "http-80 0")
	k.Reload(foreign)
	if foreign.ResourceVersion != version {
		t.Errorf("a Service of somebody else was written: %v", foreign)
	}
	k.opens(a, "[::]:20000 80", "[::]:20001 80")

}

func TestAnEndpointSliceThatIsSomebodyElsesIsLeftAlone(t *testing.T) {
	t.Parallel()
	k := servicesCluster(t)
	foreign := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: k.Blue, Name: "web-warren-ipv4", Labels: map[string]string{discoveryv1.LabelManagedBy: "someone"}},
		AddressType: discoveryv1.AddressTypeIPv4, Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"10.0.0.9"}}},
	}
	k.Make(foreign)
	uid, version := foreign.UID, foreign.ResourceVersion
	k.behind("a", "10.0.0.1", "ClusterIP")
	web := k.gateway("web", 80)
	service := k.leads("web-warren", "ClusterIP 80->20000 |")
	fixture.Eventually(t, func() error {
		k.Reload(web)
		c := meta.FindStatusCondition(web.Status.Conditions, string(gatewayv1.GatewayConditionProgrammed))
		if c == nil || c.Status != metav1.ConditionFalse || !strings.HasPrefix(c.Message, "EndpointSlice web-warren-ipv4 is there and is not this Gateway's own") {
			return fmt.Errorf("the Gateway says %v", c)
		}
		return nil
	})
	if k.Reload(foreign); foreign.UID != uid || foreign.ResourceVersion != version {
		t.Errorf("an EndpointSlice of somebody else was written: %v", foreign)
	}
	k.Remove(foreign)
	k.Change(service, func() { service.Labels["look"] = "again" }) // Nothing else says so soon that it is gone.
	k.leads("web-warren", "ClusterIP 80->20000 | 10.0.0.1:20000")
	k.gatewaySays(web, "Accepted=True Accepted 0", "Programmed=True Programmed 0", "Programmed=True Programmed", "http-80 0", service.Spec.ClusterIP)
}

// ownedBy is what a Service says that belongs to a Gateway.
func ownedBy(g *gatewayv1.Gateway) metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: gatewayv1.GroupVersion.Group + "/" + gatewayv1.GroupVersion.Version, Kind: "Gateway", Name: g.Name, UID: g.UID,
		Controller: new(true)}
}

func TestAForgedServiceOpensNothingThatIsNotFree(t *testing.T) {
	t.Parallel()
	k := servicesCluster(t)
	forged := func(name string, owner *gatewayv1.Gateway, target int32) *corev1.Service {
		service, _ := fixture.KubernetesService(k.Blue, name, "10.0.0.9")
		service.Labels = map[string]string{gatewayv1.GatewayNameLabelKey: "any"}
		service.Spec.Ports[0].TargetPort = intstr.FromInt32(target)
		if owner != nil {
			service.OwnerReferences = []metav1.OwnerReference{ownedBy(owner)}
		}
		k.Make(service)
		return service
	}
	// All are there before the controller is. The oldest of two that want the same has it, and what nobody knows of a
	// Gateway takes none from it.
	one, two, three, four := k.gateway("one", 80), k.gateway("two", 80), k.gateway("three", 80), k.gateway("four", 80)
	forged("one-warren", one, 20005)
	forged("two-warren", two, 20005)
	forged("three-warren", three, 8000)
	forged("four-warren", two, 20006) // another one's
	forged("none", four, 20007)
	forged("nobodys", nil, 20000)
	a, drain := k.behind("a", "10.0.0.1", "ClusterIP")
	k.leads("one-warren", "ClusterIP 80->20005 | 10.0.0.1:20005")
	k.gatewaySays(four, "Accepted=True Accepted 0", "Programmed=False Invalid 0", "Programmed=False Pending", "http-80 0")
	opens := func(r *replica) (list []string) {
		t.Helper()
		for _, g := range []*gatewayv1.Gateway{one, two, three} {
			k.gatewaySays(g, "Accepted=True Accepted 0", "Programmed=True Programmed 0", "Programmed=True Programmed", "http-80 0",
				k.service(g.Name+"-warren").Spec.ClusterIP)
			target := k.service(g.Name + "-warren").Spec.Ports[0].TargetPort.IntValue()
			if target < 20001 || target > 20005 {
				t.Errorf("%s has the port %d, want the lowest that nobody has", g.Name, target)
			}
			list = append(list, fmt.Sprintf("[::]:%d 80", target))
		}
		slices.Sort(list)
		k.opens(r, list...)
		return list
	}
	before := opens(a)

	// Another controller that comes later finds what there is.
	close(drain)
	a.stop()
	b, _ := k.behind("b", "10.0.0.2", "ClusterIP")
	if diff := cmp.Diff(before, opens(b)); diff != "" {
		t.Errorf("what the next one opens (-want +got):\n%s", diff)
	}
	k.leads("one-warren", "ClusterIP 80->20005 | 10.0.0.2:20005")
}

func TestAGatewayAsksForItsAddress(t *testing.T) {
	t.Parallel()
	k := servicesCluster(t)
	k.behind("a", "10.0.0.1", "ClusterIP")
	asks := func(g *gatewayv1.Gateway, values ...string) {
		k.Change(g, func() {
			g.Spec.Addresses = nil
			for _, value := range values {
				g.Spec.Addresses = append(g.Spec.Addresses, gatewayv1.GatewaySpecAddress{Value: value})
			}
		})
	}
	fails := func(reason string, more ...string) []string {
		return append(more, "Accepted=True Accepted 0", "Programmed=False "+reason+" 0", "http-80 0")
	}
	good := func(address string) []string {
		return []string{"Accepted=True Accepted 0", "Programmed=True Programmed 0", "Programmed=True Programmed", "http-80 0", address}
	}
	const waits, open = "Programmed=False Pending", "Programmed=True Programmed"
	const first, second, nobodys = "10.0.0.11", "10.0.0.12", "192.0.2.1" // Services that ask for none get one from 10.0.0.16 on.

	// A type that is none, then one that nobody has besides another one, then only that, then a good one, as the API's
	// own test has it.
	g := k.gateway("web", 80)
	was := k.leads("web-warren", "ClusterIP 80->20000 | 10.0.0.1:20000")
	k.gatewaySays(g, good(was.Spec.ClusterIP)...)
	k.Change(g, func() {
		g.Spec.Addresses = []gatewayv1.GatewaySpecAddress{{Type: new(gatewayv1.AddressType("test/fake")), Value: "x"}, {Value: first}}
	})
	k.gatewaySays(g, "Accepted=False UnsupportedAddress 0", "Programmed=False Invalid 0", "Programmed=False Invalid", "http-80 0")
	asks(g, nobodys, first)
	k.gatewaySays(g, fails("AddressNotUsable", open, was.Spec.ClusterIP)...)
	asks(g, nobodys)
	k.gatewaySays(g, fails("AddressNotUsable", open, was.Spec.ClusterIP)...)
	if is := k.service("web-warren"); is.UID != was.UID {
		t.Error("a Service was given up for an address that nobody has")
	}
	asks(g, first)
	k.gatewaySays(g, good(first)...)
	k.leads("web-warren", "ClusterIP 80->20000 | 10.0.0.1:20000")
	asks(g, second)
	k.gatewaySays(g, good(second)...)
	asks(g, "") // any
	k.gatewaySays(g, good(second)...)

	// One that is new.
	other := made(k, &gatewayv1.Gateway{}, "metadata: {name: other, namespace: "+k.Blue+`}
spec: {gatewayClassName: warren, addresses: [{value: "`+nobodys+`"}], listeners: [{name: http-80, port: 80, protocol: HTTP}]}`)
	k.gatewaySays(other, fails("AddressNotUsable", waits)...)
	asks(other, second) // which another Service has
	k.gatewaySays(other, fails("AddressNotUsable", waits)...)
	asks(other, first)
	k.gatewaySays(other, good(first)...)
}

// freeTarget returns a port of the data plane for Services that nothing on this machine has.
func freeTarget(t *testing.T) uint16 {
	t.Helper()
	for {
		at := gatewayapi.FirstTarget + rand.IntN(gatewayapi.LastTarget-gatewayapi.FirstTarget)
		if l, err := net.Listen("tcp", fmt.Sprintf(":%d", at)); err == nil {
			_ = l.Close()
			return uint16(at)
		}
	}
}

func TestClientsSeeThePortOfTheListener(t *testing.T) {
	t.Parallel()
	k := servicesCluster(t)
	g, target := k.gateway("web", 8080), freeTarget(t)
	service, _ := fixture.KubernetesService(k.Blue, "web-warren", "10.0.0.9")
	service.Labels = map[string]string{gatewayv1.GatewayNameLabelKey: "web"}
	service.OwnerReferences = []metav1.OwnerReference{ownedBy(g)}
	service.Spec.Ports[0].Port, service.Spec.Ports[0].TargetPort = 8080, intstr.FromInt32(int32(target))
	k.Make(service)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("X-Forwarded-Port"))
	}))
	t.Cleanup(backend.Close)
	address := backend.Listener.Addr().(*net.TCPAddr).AddrPort()
	k.Make(fixture.Task(k.Blue, "one", "web", address.Addr().String()))
	made(k, &gatewayv1.HTTPRoute{}, fmt.Sprintf("metadata: {name: r, namespace: %s}\n"+`
spec:
  parentRefs: [{name: web}]
  rules:
  - {matches: [{path: {value: /to}}], filters: [{type: RequestRedirect, requestRedirect: {hostname: other.io}}]}
  - {backendRefs: [{name: web, port: %d}]}`, k.Blue, address.Port()))

	data := runProxy(t)
	k.known("a", func(_ *ctrl.Options, o *Options, _ *recordingProxy) {
		o.Applier, o.Listening, o.AllowLocalTasks = data, data, true
		o.Replica.Address = netip.MustParseAddr("10.0.0.1")
		o.GatewayController, o.GatewayServices = gatewayapi.DefaultController, "ClusterIP"
	})
	k.gatewaySays(g, "Accepted=True Accepted 0", "Programmed=True Programmed 0", "Programmed=True Programmed", "http-8080 1", service.Spec.ClusterIP)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(path string) (content, location string, err error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", target, path), nil)
		if err != nil {
			return "", "", err
		}
		request.Host = "shop.io:8080" // as a client says who knows the Service
		response, err := client.Do(request)
		if err != nil {
			return "", "", err
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		return string(text), response.Header.Get("Location"), err
	}
	fixture.Eventually(t, func() error {
		if content, _, err := ask("/"); content != "8080" {
			return fmt.Errorf("X-Forwarded-Port is %q (%w)", content, err)
		}
		if _, location, err := ask("/to"); location != "http://other.io:8080/to" {
			return fmt.Errorf("the redirect leads to %q (%w)", location, err)
		}
		return nil
	})
}

func TestALoadBalancersAddressIsTheGateways(t *testing.T) {
	t.Parallel()
	k := servicesCluster(t)
	k.behind("a", "10.0.0.1", "LoadBalancer")
	g := k.gateway("web", 80)
	service := k.leads("web-warren", "LoadBalancer 80->20000 | 10.0.0.1:20000")
	state := func(programmed string, more ...string) []string {
		return append(more, "Accepted=True Accepted 0", programmed, "Programmed=True Programmed", "http-80 0")
	}
	k.gatewaySays(g, state("Programmed=False AddressNotAssigned 0")...)
	gets := func(at ...corev1.LoadBalancerIngress) {
		k.ChangeStatus(service, func() { service.Status.LoadBalancer.Ingress = at })
	}
	gets(corev1.LoadBalancerIngress{IP: "203.0.113.7"}, corev1.LoadBalancerIngress{Hostname: "lb.example.com"})
	k.gatewaySays(g, state("Programmed=True Programmed 0", "203.0.113.7", "lb.example.com")...)
	k.Change(g, func() { g.Spec.Addresses = []gatewayv1.GatewaySpecAddress{{Value: "203.0.113.9"}} })
	k.gatewaySays(g, state("Programmed=False AddressNotUsable 0", "203.0.113.7", "lb.example.com")...)
	if k.Reload(service); service.Spec.LoadBalancerIP != "203.0.113.9" {
		t.Errorf("the load balancer is asked for %q", service.Spec.LoadBalancerIP)
	}
	gets(corev1.LoadBalancerIngress{IP: "203.0.113.9"})
	k.gatewaySays(g, state("Programmed=True Programmed 0", "203.0.113.9")...)
}

func TestAServiceGoesWithTheClassOfItsGateway(t *testing.T) {
	t.Parallel()
	k := servicesCluster(t)
	a, _ := k.behind("a", "10.0.0.1", "ClusterIP")
	made(k, &gatewayv1.GatewayClass{}, "metadata: {name: ours}\nspec: {controllerName: "+gatewayapi.DefaultController+"}")
	made(k, &gatewayv1.GatewayClass{}, "metadata: {name: theirs}\nspec: {controllerName: example.com/theirs}")
	g := k.gateway("web", 80)
	k.leads("web-warren", "ClusterIP 80->20000 | 10.0.0.1:20000")
	k.Change(g, func() { g.Spec.GatewayClassName = "ours" })
	k.leads("web-ours", "ClusterIP 80->20000 | 10.0.0.1:20000")
	gone := func(name string) {
		t.Helper()
		fixture.Eventually(t, func() error {
			if s := k.service(name); s != nil {
				return fmt.Errorf("Service %s is there still", name)
			}
			return nil
		})
	}
	gone("web-warren")
	k.opens(a, "[::]:20000 80")
	theirs, _ := fixture.KubernetesService(k.Blue, "web-theirs", "10.0.0.9")
	theirs.Labels = map[string]string{gatewayv1.GatewayNameLabelKey: "web"}
	theirs.OwnerReferences = []metav1.OwnerReference{ownedBy(g)}
	k.Make(theirs)
	k.Change(g, func() { g.Spec.GatewayClassName = "theirs" })
	gone("web-ours")
	k.opens(a)
	if k.service("web-theirs") == nil {
		t.Error("the Service that the other controller has made is gone")
	}
}
