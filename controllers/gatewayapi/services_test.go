// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
)

// withServices returns a world whose Gateways get Services of a type. Each is its own UID, has HTTP listeners at some
// ports, and is older than the next: "name port,port".
func withServices(t *testing.T, kind string, gateways ...string) *world {
	t.Helper()
	var texts []string
	for _, g := range gateways {
		name, ports, _ := strings.Cut(g, " ")
		text := "kind: Gateway\nmetadata: {name: " + name + ", uid: " + name + "}\nspec:\n  gatewayClassName: warren\n  listeners:\n"
		for port := range strings.SplitSeq(ports, ",") {
			text += "  - {name: l" + port + ", port: " + port + ", protocol: HTTP}\n"
		}
		texts = append(texts, text)
	}
	w := read(t, strings.Join(texts, "---\n"))
	w.Services = kind
	return w
}

// serviceOf returns the Service of a Gateway: "port->target" each.
func serviceOf(gateway string, ports ...string) *gatewayapi.Service {
	s := &gatewayapi.Service{NamespacedName: types.NamespacedName{Namespace: "default", Name: gateway + "-warren"}, UID: types.UID("service-" + gateway),
		Gateway: types.UID(gateway), Targets: make(map[uint16]uint16)}
	for _, p := range ports {
		var port, target uint16
		if _, err := fmt.Sscanf(p, "%d->%d", &port, &target); err != nil {
			panic(err)
		}
		s.Targets[port] = target
	}
	return s
}

// plans lists what each Gateway's Service is to be, "gateway port->target …", with a star at those that are opened.
func (w *world) plans() (list []string, a *gatewayapi.Attached) {
	a = gatewayapi.Attach(&w.Input)
	verdicts := a.Judge(nil, nil, nil)
	for _, g := range w.Gateways {
		v := verdicts[gatewayapi.Key{Kind: gatewayapi.GatewayKind, NamespacedName: types.NamespacedName{Namespace: g.Namespace, Name: g.Name}}]
		text := g.Name
		if v.Service == nil {
			list = append(list, text+" none")
			continue
		}
		for _, p := range v.Service.Ports {
			text += fmt.Sprintf(" %d->%d", p.Port, p.Target)
			for _, l := range a.Listeners {
				if l.Port == p.Port && l.Owner == string(g.UID) && l.Address == netip.AddrPortFrom(netip.IPv6Unspecified(), p.Target) {
					text += "*"
				}
			}
		}
		list = append(list, text)
	}
	for _, l := range a.Listeners {
		if l.Address.Port() < gatewayapi.FirstTarget || l.Address.Port() > gatewayapi.LastTarget {
			list = append(list, "opened: "+l.Address.String())
		}
	}
	return list, a
}

var opened = regexp.MustCompile(`(->\d+)\*?`)

func TestPortsOfServicesAreTheirGatewaysOwn(t *testing.T) {
	t.Parallel()
	foreign := serviceOf("b", "80->20001")
	foreign.Gateway = "a"
	for name, test := range map[string]struct {
		gateways []string
		services []*gatewayapi.Service
		held     map[uint16]gatewayapi.Share
		want     []string
	}{
		"new": {[]string{"a 80,443", "b 80"}, nil, nil, []string{"a 80->20000 443->20001", "b 80->20002"}},
		"made": {[]string{"a 80,443", "b 80"}, []*gatewayapi.Service{serviceOf("a", "80->20007", "443->20001"), serviceOf("b", "80->20000")}, nil,
			[]string{"a 80->20007* 443->20001*", "b 80->20000*"}},
		"a port more and one less": {[]string{"a 80,81", "b 80"}, []*gatewayapi.Service{serviceOf("a", "80->20000", "82->20001"), serviceOf("b", "80->20002")}, nil,
			[]string{"a 80->20000* 81->20003", "b 80->20002*"}},
		"out of the range": {[]string{"a 80,81,82"}, []*gatewayapi.Service{serviceOf("a", "80->19999", "81->30000", "82->29999")}, nil,
			[]string{"a 80->20000 81->20001 82->29999*"}},
		"another's": {[]string{"a 80", "b 80"}, []*gatewayapi.Service{foreign}, nil, []string{"a 80->20000", "b 80->20002"}},
		"one for two of a Gateway's ports": {[]string{"a 80,81"}, []*gatewayapi.Service{serviceOf("a", "80->20003", "81->20003")}, nil,
			[]string{"a 80->20003 81->20000"}},
		"the older one keeps it": {[]string{"a 80", "b 80"}, []*gatewayapi.Service{serviceOf("a", "80->20003"), serviceOf("b", "80->20003")}, nil,
			[]string{"a 80->20003", "b 80->20000"}},
		"whoever had it keeps it": {[]string{"a 80", "b 80"}, []*gatewayapi.Service{serviceOf("a", "80->20003"), serviceOf("b", "80->20003")},
			map[uint16]gatewayapi.Share{20003: {Gateway: "b", Port: 80}, 20001: {Gateway: "a", Port: 80}}, []string{"a 80->20001", "b 80->20003*"}},
		"what one had is kept for it": {[]string{"a 80", "b 80"}, []*gatewayapi.Service{serviceOf("b", "80->1")},
			map[uint16]gatewayapi.Share{20000: {Gateway: "b", Port: 80}, 20001: {Gateway: "gone", Port: 80}}, []string{"a 80->20001", "b 80->20000"}},
		"what the Service says counts": {[]string{"a 80"}, []*gatewayapi.Service{serviceOf("a", "80->20009")},
			map[uint16]gatewayapi.Share{20000: {Gateway: "a", Port: 80}}, []string{"a 80->20009*"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := withServices(t, "ClusterIP", test.gateways...)
			w.OwnServices, w.Held = test.services, test.held
			got, a := w.plans()
			same(t, "plans", test.want, got)
			// Nothing more is opened only because time goes by.
			w.Held = a.Held
			again, _ := w.plans()
			same(t, "plans of the next build", test.want, again)
			// Once the plans are carried out, all is opened, and stays as it is.
			w.OwnServices, w.Held = nil, a.Held
			for _, g := range w.Gateways {
				v := a.Judge(nil, nil, nil)[gatewayapi.Key{Kind: gatewayapi.GatewayKind, NamespacedName: types.NamespacedName{Namespace: g.Namespace, Name: g.Name}}]
				s := serviceOf(g.Name)
				for _, p := range v.Service.Ports {
					s.Targets[p.Port] = p.Target
				}
				w.OwnServices = append(w.OwnServices, s)
			}
			for i, plan := range test.want {
				test.want[i] = opened.ReplaceAllString(plan, "$1*")
			}
			got, _ = w.plans()
			same(t, "plans once they are carried out", test.want, got)
			slices.Reverse(w.Gateways)
			slices.Reverse(w.OwnServices)
			got, _ = w.plans()
			slices.Reverse(got)
			same(t, "plans of the same in another order", test.want, got)
		})
	}
}

// A tenant may write Services that lead to every port. Others have ports all the same.
func TestNobodyCanTakeAllPortsOfServices(t *testing.T) {
	t.Parallel()
	w := withServices(t, "ClusterIP", "a 80")
	greedy := serviceOf("greedy")
	for target := gatewayapi.FirstTarget; target <= gatewayapi.LastTarget; target++ {
		greedy.Targets[uint16(target-gatewayapi.FirstTarget+1)] = uint16(target)
	}
	w.OwnServices = []*gatewayapi.Service{greedy}
	got, _ := w.plans()
	same(t, "plans", []string{"a 80->20000"}, got)
}

func TestANamespaceHasSoManyPortsOfServices(t *testing.T) {
	t.Parallel()
	var gateways []string
	first := 0
	for n := range 5 {
		var ports []string
		for range 60 {
			first++
			ports = append(ports, strconv.Itoa(first))
		}
		gateways = append(gateways, fmt.Sprintf("g%d %s", n, strings.Join(ports, ",")))
	}
	w := withServices(t, "ClusterIP", gateways...)
	forged := serviceOf("g4")
	for port := 241; port <= 300; port++ {
		forged.Targets[uint16(port)] = uint16(21000 + port)
	}
	w.OwnServices = []*gatewayapi.Service{forged}
	got, a := w.plans()
	if planned := strings.Count(strings.Join(got, " "), "->"); planned != gatewayapi.MaxTargetsPerNamespace || len(a.Listeners) != 16 {
		t.Errorf("%d ports are planned, want %d, and %d opened, want 16", planned, gatewayapi.MaxTargetsPerNamespace, len(a.Listeners))
	}
	if got := w.said(gatewayapi.GatewayKind, "g4"); !slices.Contains(got, "l257:Programmed=PortUnavailable") || strings.Contains(strings.Join(got, " "), "l256:") {
		t.Errorf("the last Gateway says %v", got)
	}
}

func TestAPlanSaysWhatAServiceIsToBe(t *testing.T) {
	t.Parallel()
	w := withServices(t, "LoadBalancer", "a 80")
	g := w.Gateways[0]
	g.Spec.Infrastructure = &gatewayv1.GatewayInfrastructure{
		Labels:      map[gatewayv1.LabelKey]gatewayv1.LabelValue{"team": "shop", gatewayv1.GatewayNameLabelKey: "forged"},
		Annotations: map[gatewayv1.AnnotationKey]gatewayv1.AnnotationValue{"lb": "internal"},
	}
	g.Spec.Addresses = []gatewayv1.GatewaySpecAddress{{Value: ""}, {Value: "203.0.113.7"}}
	w.OwnServices = []*gatewayapi.Service{serviceOf("a", "80->20000")}
	plan := func() *gatewayapi.ServicePlan {
		return gatewayapi.Attach(&w.Input).Judge(nil, nil, nil)[gatewayapi.Key{Kind: gatewayapi.GatewayKind, NamespacedName: types.NamespacedName{Namespace: "default", Name: "a"}}].Service
	}
	got := plan()
	digest := got.Opened
	got.Opened = 0
	want := &gatewayapi.ServicePlan{
		Type: "LoadBalancer", Name: "a-warren", Ports: []gatewayapi.ServicePort{{Port: 80, Target: 20000}},
		Labels:      map[string]string{"team": "shop", gatewayv1.GatewayNameLabelKey: "a", gatewayv1.GatewayClassNameLabelKey: "warren"},
		Annotations: map[string]string{"lb": "internal"}, Addresses: []netip.Addr{netip.MustParseAddr("203.0.113.7")}, There: "service-a",
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	w.OwnServices = nil
	if plan().Opened == digest {
		t.Error("a plan of which nothing is opened says the same as one that is carried out")
	}
}

func TestAddressesThatNoServiceCanHave(t *testing.T) {
	t.Parallel()
	const accepted, unusable = "", "Programmed=AddressNotUsable"
	for _, test := range []struct {
		kind string
		asks []string
		want string
	}{
		{"ClusterIP", []string{"10.0.0.7"}, accepted},
		{"ClusterIP", []string{"10.0.0.7", "fd00::7"}, accepted},
		{"ClusterIP", []string{"", "fd00::7"}, accepted},
		{"ClusterIP", []string{"10.0.0.7", "10.0.0.8"}, unusable},
		{"ClusterIP", []string{"fd00::7", "fd00::8"}, unusable},
		{"ClusterIP", []string{"::ffff:10.0.0.7"}, unusable},
		{"ClusterIP", []string{"fe80::1%eth0"}, unusable},
		{"ClusterIP", []string{"x"}, unusable},
		{"LoadBalancer", []string{"10.0.0.7"}, accepted},
		{"LoadBalancer", []string{"10.0.0.7", "fd00::7"}, unusable},
	} {
		w := withServices(t, test.kind, "a 80")
		w.OwnServices = []*gatewayapi.Service{serviceOf("a", "80->20000")}
		for _, value := range test.asks {
			w.Gateways[0].Spec.Addresses = append(w.Gateways[0].Spec.Addresses, gatewayv1.GatewaySpecAddress{Value: value})
		}
		if got := strings.Join(w.said(gatewayapi.GatewayKind, "a"), " "); got != test.want {
			t.Errorf("%s that is asked for %v: got %q, want %q", test.kind, test.asks, got, test.want)
		}
	}
}

func TestNamesOfServices(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 60)
	for _, test := range []struct{ gateway, class, want string }{
		{"web", "warren", "web-warren"},
		{long[:56], "warren", long[:56] + "-warren"},
		{long[:57], "warren", long[:52] + "-"},
		{long + "a", long, long[:52] + "-"},
		{"web.example", "warren", "web-example-warren-"},
		{"1web", "warren", "gateway-1web-warren-"},
	} {
		got := gatewayapi.ServiceName(test.gateway, test.class)
		if !strings.HasPrefix(got, test.want) || len(got) > 63 {
			t.Errorf("%s of %s has the Service %s, want %s", test.gateway, test.class, got, test.want)
		}
	}
	if gatewayapi.ServiceName("a.b", "c") == gatewayapi.ServiceName("a-b", "c") || gatewayapi.ServiceName(long+"a", "c") == gatewayapi.ServiceName(long+"b", "c") {
		t.Error("two Gateways of one class have Services of one name")
	}
}

func TestParametersThatThereAreNone(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"", "ClusterIP"} {
		w := withServices(t, kind, "a 80")
		w.Gateways[0].Spec.Infrastructure = &gatewayv1.GatewayInfrastructure{
			ParametersRef: &gatewayv1.LocalParametersReference{Group: "invalid.io", Kind: "Parameters", Name: "x"}}
		same(t, "conditions", []string{"Accepted=InvalidParameters", "Programmed=Invalid", "l80:Programmed=Invalid"}, w.said(gatewayapi.GatewayKind, "a"))
		if a := gatewayapi.Attach(&w.Input); len(a.Listeners) > 0 {
			t.Errorf("%v is opened", a.Listeners)
		}
	}
}

func TestReplicasAreAtThePortsOfServicesThemselves(t *testing.T) {
	t.Parallel()
	w := withServices(t, "ClusterIP", "a 80")
	w.OwnServices = []*gatewayapi.Service{serviceOf("a", "80->20003")}
	got := gatewayapi.Attach(&w.Input).Own([]netip.AddrPort{netip.MustParseAddrPort("10.0.0.2:8000"), netip.MustParseAddrPort("10.0.0.2:8443"), netip.MustParseAddrPort("10.0.0.1:8000")})
	want := []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:20003"), netip.MustParseAddrPort("10.0.0.2:20003")}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPortsOfListenerSetsAreInTheServiceOfTheGateway(t *testing.T) {
	t.Parallel()
	w := withServices(t, "ClusterIP", "a 80")
	all := gatewayv1.NamespacesFromAll
	w.Gateways[0].Spec.AllowedListeners = &gatewayv1.AllowedListeners{Namespaces: &gatewayv1.ListenerNamespaces{From: &all}}
	set := &gatewayv1.ListenerSet{Spec: gatewayv1.ListenerSetSpec{ParentRef: gatewayv1.ParentGatewayReference{Name: "a"},
		Listeners: []gatewayv1.ListenerEntry{{Name: "more", Port: 81, Protocol: gatewayv1.HTTPProtocolType}}}}
	set.Namespace, set.Name = "default", "set"
	w.ListenerSets = []*gatewayv1.ListenerSet{set}
	got, _ := w.plans()
	same(t, "plans", []string{"a 80->20000 81->20001"}, got)
	same(t, "the set", []string{"Programmed=Pending", "more:Programmed=Pending"}, w.said(gatewayapi.ListenerSetKind, "set"))
	w.OwnServices = []*gatewayapi.Service{serviceOf("a", "80->20000", "81->20001")}
	got, _ = w.plans()
	same(t, "plans", []string{"a 80->20000* 81->20001*"}, got)
}

// Ports are counted for the namespace of who asks for them, and the Gateway's own come first.
func TestListenerSetsTakeNoPortOfTheirGateway(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		namespace string
		want      int // ports of the Gateway's Service
	}{{"default", gatewayapi.MaxTargetsPerNamespace}, {"other", 2 + gatewayapi.MaxTargetsPerNamespace}} {
		texts := []string{gatewayText("a", "443 a.io", "8080 a.io")}
		for n := range 5 {
			var listeners []string
			for port := range 60 {
				listeners = append(listeners, strconv.Itoa(1+60*n+port))
			}
			texts = append(texts, setText(fmt.Sprintf("s%d", n), test.namespace, "a", listeners...))
		}
		texts = append(texts, gatewayText("young", "80"))
		w := read(t, strings.Join(texts, "---\n"))
		w.Services = gatewayapi.ClusterIPServices
		got, _ := w.plans()
		if planned := strings.Count(got[0], "->"); planned != test.want || !strings.Contains(got[0], " 443->") || !strings.Contains(got[0], " 8080->") {
			t.Errorf("%d ports are planned with ListenerSets of namespace %s, want %d with 443 and 8080: %s", planned, test.namespace, test.want, got[0])
		}
		if young := strings.Contains(got[1], " 80->"); young != (test.namespace == "other") {
			t.Errorf("with ListenerSets of namespace %s: %s", test.namespace, got[1])
		}
	}
}

func TestListenerSetsOfAllTakeNoPortOfAYoungerGateway(t *testing.T) {
	t.Parallel()
	texts := []string{gatewayText("old", "80"), gatewayText("young", "80", "81")}
	for n := range (gatewayapi.LastTarget - gatewayapi.FirstTarget + 1) / 64 {
		var listeners []string
		for port := range 64 {
			listeners = append(listeners, strconv.Itoa(1000+64*n+port))
		}
		texts = append(texts, setText("s", fmt.Sprintf("n%d", n), "old", listeners...))
	}
	w := read(t, strings.Join(texts, "---\n"))
	w.Services = gatewayapi.ClusterIPServices
	young := gatewayapi.Key{Kind: gatewayapi.GatewayKind, NamespacedName: types.NamespacedName{Namespace: "default", Name: "young"}}
	want := []gatewayapi.ServicePort{{Port: 80, Target: 20001}, {Port: 81, Target: 20002}}
	if got := gatewayapi.Attach(&w.Input).Judge(nil, nil, nil)[young].Service.Ports; !slices.Equal(got, want) {
		t.Errorf("the younger Gateway has %v, want %v", got, want)
	}
}
