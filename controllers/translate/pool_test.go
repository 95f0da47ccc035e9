// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// endpointLines writes endpoints as "id address" with what is unusual about each behind it.
func endpointLines(endpoints []snapshot.Endpoint) []string {
	var lines []string
	for _, e := range endpoints {
		line := e.ID + " " + e.Address.String()
		if e.Weight != 1 {
			line += fmt.Sprint(" weight=", e.Weight)
		}
		if e.Draining {
			line += " draining"
		}
		if e.Unhealthy {
			line += " unhealthy"
		}
		if e.Checked {
			line += " checked"
		}
		lines = append(lines, line)
	}
	return lines
}

// The API refuses a port with both, but the data plane would refuse the whole snapshot.
func TestBackendsThatAreWrittenAlikeShareAPool(t *testing.T) {
	object := newStandard("blue", "a", 0)
	for i, port := range []networkingv1.ServiceBackendPort{{Name: "http"}, {Name: "http", Number: 80}, {Name: "http", Number: 81}, {Number: 80}, {Name: "80"}} {
		path := standardPath(networkingv1.PathTypePrefix, fmt.Sprint("/", i), "web")
		path.Backend.Service.Port = port
		object.Spec.Rules = append(object.Spec.Rules, standardRule("x.io", path))
	}
	built, _ := build(translate.Input{Objects: []*rules.Object{kinds.ReadStandard(object)}})
	var pools, routes []string
	for i := range built.Pools {
		pools = append(pools, built.Pools[i].ID)
	}
	for i := range built.Hosts[0].Routes {
		routes = append(routes, built.Hosts[0].Routes[i].Path+" "+built.Hosts[0].Routes[i].Pool)
	}
	if diff := cmp.Diff([]string{"blue/web:80", "blue/web:http"}, pools); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
	slices.Sort(routes)
	want := []string{"/0 blue/web:http", "/1 blue/web:http", "/2 blue/web:http", "/3 blue/web:80", "/4 blue/web:80"}
	if diff := cmp.Diff(want, routes); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

func TestWhatServesABackend(t *testing.T) {
	http := corev1.ServicePort{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP}
	resolved := accepted{metav1.ConditionTrue, "ResolvedRefs", "every backend is there"}
	tests := map[string]struct {
		tasks     []*v1alpha1.Task
		services  []*corev1.Service
		slices    []*discoveryv1.EndpointSlice
		endpoints []string
		resolved  accepted
	}{
		"nothing of that name": {
			tasks:    []*v1alpha1.Task{newTask("default", "a", "web", "10.0.0.1"), newTask("other", "a", "api", "10.0.0.2")},
			services: []*corev1.Service{newService("other", "api", http)},
			resolved: accepted{metav1.ConditionFalse, "ServiceNotFound",
				"api:80: no Task of the namespace has this serviceName, and no Service this name"},
		},
		"Tasks without ports, at the backend's": {
			tasks: []*v1alpha1.Task{newTask("default", "b", "api", "10.0.0.2"), newTask("default", "a", "api", "2001:db8::1")},
			endpoints: []string{
				"task/default/a [2001:db8::1]:80",
				"task/default/b 10.0.0.2:80",
			},
			resolved: resolved,
		},
		"Tasks at the targetPort of the backend's port, and not those that list others alone": {
			tasks: []*v1alpha1.Task{
				newTask("default", "a", "api", "10.0.0.1", listens(443, 32002), listens(80, 32001)),
				newTask("default", "b", "api", "10.0.0.2", listens(443, 32002)),
			},
			endpoints: []string{"task/default/a 10.0.0.1:32001"},
			resolved:  resolved,
		},
		"Tasks that list other ports": {
			tasks: []*v1alpha1.Task{
				newTask("default", "a", "api", "10.0.0.1", listens(8080, 1), listens(443, 2)),
				newTask("default", "b", "api", "10.0.0.2", listens(443, 2)),
			},
			resolved: accepted{metav1.ConditionFalse, "PortNotFound", "api:80: its Tasks list no port 80 (they list 443, 8080)"},
		},
		"Tasks with their weight, state and health": {
			tasks: []*v1alpha1.Task{
				newTask("default", "a", "api", "10.0.0.1", weight(7)),
				newTask("default", "b", "api", "10.0.0.2", weight(0)),
				newTask("default", "c", "api", "10.0.0.3", draining),
				newTask("default", "d", "api", "10.0.0.4", unhealthy),
			},
			endpoints: []string{
				"task/default/a 10.0.0.1:80 weight=7",
				"task/default/b 10.0.0.2:80 weight=0",
				"task/default/c 10.0.0.3:80 draining",
				"task/default/d 10.0.0.4:80 unhealthy",
			},
			resolved: resolved,
		},
		"Tasks none of which takes requests": {
			tasks:     []*v1alpha1.Task{newTask("default", "a", "api", "10.0.0.1", draining), newTask("default", "b", "api", "10.0.0.2", weight(0))},
			endpoints: []string{"task/default/a 10.0.0.1:80 draining", "task/default/b 10.0.0.2:80 weight=0"},
			resolved:  accepted{metav1.ConditionFalse, "NoEndpoints", "api:80: every Task of it drains, is unhealthy or has weight 0"},
		},
		"Tasks whose addresses are none": {
			tasks:    []*v1alpha1.Task{newTask("default", "a", "api", "web-1.example.com")},
			resolved: accepted{metav1.ConditionFalse, "NoEndpoints", "api:80: its Tasks are invalid, as their Accepted conditions say"},
		},
		"an address that two Tasks have, by the one that takes requests": {
			tasks: []*v1alpha1.Task{
				newTask("default", "a", "api", "10.0.0.1", draining),
				newTask("default", "b", "api", "::ffff:10.0.0.1"),
			},
			endpoints: []string{"task/default/b 10.0.0.1:80"},
			resolved:  resolved,
		},
		"the ready endpoints of a Service, at the number of its port's name": {
			services: []*corev1.Service{newService("default", "api", corev1.ServicePort{Name: "metrics", Port: 9090}, http)},
			slices: []*discoveryv1.EndpointSlice{
				newSlice("default", "api-1", "api", append(slicePort("metrics", 9999), slicePort("http", 8080)...),
					ready("10.1.0.1"), terminating("10.1.0.2"), notReady("10.1.0.3")),
				newSlice("default", "api-2", "api", slicePort("http", 8081), ready("10.1.0.4")),
				newSlice("default", "web-1", "web", slicePort("http", 8080), ready("10.1.0.5")),
			},
			endpoints: []string{
				"endpoint/default/api/10.1.0.1:8080 10.1.0.1:8080",
				"endpoint/default/api/10.1.0.4:8081 10.1.0.4:8081",
			},
			resolved: resolved,
		},
		"the serving endpoints of a Service where none is ready": {
			services: []*corev1.Service{newService("default", "api", http)},
			slices: []*discoveryv1.EndpointSlice{
				newSlice("default", "api-1", "api", slicePort("http", 8080), terminating("10.1.0.2"), notReady("10.1.0.3")),
			},
			endpoints: []string{"endpoint/default/api/10.1.0.2:8080 10.1.0.2:8080"},
			resolved:  resolved,
		},
		"an endpoint without conditions, which is ready": {
			services: []*corev1.Service{newService("default", "api", corev1.ServicePort{Port: 80})},
			slices: []*discoveryv1.EndpointSlice{newSlice("default", "api-1", "api",
				[]discoveryv1.EndpointPort{{Port: new(int32(8080))}}, discoveryv1.Endpoint{Addresses: []string{"10.1.0.1"}})},
			endpoints: []string{"endpoint/default/api/10.1.0.1:8080 10.1.0.1:8080"},
			resolved:  resolved,
		},
		"an endpoint that two slices hold, once": {
			services: []*corev1.Service{newService("default", "api", http)},
			slices: []*discoveryv1.EndpointSlice{
				newSlice("default", "api-1", "api", slicePort("http", 8080), ready("10.1.0.1")),
				newSlice("default", "api-2", "api", slicePort("http", 8080), ready("10.1.0.1")),
			},
			endpoints: []string{"endpoint/default/api/10.1.0.1:8080 10.1.0.1:8080"},
			resolved:  resolved,
		},
		"IPv6 endpoints, and no names": {
			services: []*corev1.Service{newService("default", "api", http)},
			slices: []*discoveryv1.EndpointSlice{
				func() *discoveryv1.EndpointSlice {
					s := newSlice("default", "api-1", "api", slicePort("http", 8080), ready("2001:db8::1"))
					s.AddressType = discoveryv1.AddressTypeIPv6
					return s
				}(),
				func() *discoveryv1.EndpointSlice {
					s := newSlice("default", "api-2", "api", slicePort("http", 8080), ready("api.example.com"))
					s.AddressType = discoveryv1.AddressTypeFQDN
					return s
				}(),
			},
			endpoints: []string{"endpoint/default/api/[2001:db8::1]:8080 [2001:db8::1]:8080"},
			resolved:  resolved,
		},
		"a Service without endpoints": {
			services: []*corev1.Service{newService("default", "api", http)},
			slices:   []*discoveryv1.EndpointSlice{newSlice("default", "api-1", "api", slicePort("http", 8080), notReady("10.1.0.1"))},
			resolved: accepted{metav1.ConditionFalse, "NoEndpoints", "api:80: its Service has no endpoint that is ready or serving"},
		},
		"a Service without the port": {
			services: []*corev1.Service{newService("default", "api",
				corev1.ServicePort{Name: "dns", Port: 80, Protocol: corev1.ProtocolUDP}, corev1.ServicePort{Name: "b", Port: 8080},
				corev1.ServicePort{Name: "a", Port: 443})},
			resolved: accepted{metav1.ConditionFalse, "PortNotFound", "api:80: its Service has no TCP port 80 (it has 443, 8080)"},
		},
		"a headless Service without ports": {
			services: []*corev1.Service{newService("default", "api")},
			resolved: accepted{metav1.ConditionFalse, "PortNotFound", "api:80: its Service has no TCP port 80 (it has none)"},
		},
		"a Service that is a name elsewhere": {
			services: []*corev1.Service{func() *corev1.Service {
				s := newService("default", "api", http)
				s.Spec.Type = corev1.ServiceTypeExternalName
				return s
			}()},
			resolved: accepted{metav1.ConditionFalse, "NoEndpoints", "api:80: its Service is of type ExternalName, which names no endpoints: " +
				"make a Task for each address instead"},
		},
		"Tasks and a Service together": {
			tasks:    []*v1alpha1.Task{newTask("default", "a", "api", "10.0.0.1"), newTask("default", "b", "api", "10.1.0.1", weight(5))},
			services: []*corev1.Service{newService("default", "api", http)},
			slices: []*discoveryv1.EndpointSlice{
				newSlice("default", "api-1", "api", slicePort("http", 80), ready("10.1.0.1"), ready("10.1.0.2"))},
			endpoints: []string{
				"endpoint/default/api/10.1.0.2:80 10.1.0.2:80",
				"task/default/a 10.0.0.1:80",
				"task/default/b 10.1.0.1:80 weight=5",
			},
			resolved: resolved,
		},
		"Tasks, beside a Service that has no part in it": {
			tasks:     []*v1alpha1.Task{newTask("default", "a", "api", "10.0.0.1")},
			services:  []*corev1.Service{newService("default", "api", corev1.ServicePort{Port: 8080})},
			endpoints: []string{"task/default/a 10.0.0.1:80"},
			resolved: accepted{metav1.ConditionTrue, "ResolvedRefs",
				"every backend is there; served all the same: api:80: its Service has no TCP port 80 (it has 8080)"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			snapshot, reports := build(translate.Input{
				Objects: asRules([]*v1alpha1.Ingress{newIngress("default", "a", 1, newRule("x.io", prefix("/", "api")))}),
				Tasks:   test.tasks, Services: test.services, EndpointSlices: test.slices,
			})
			if diff := cmp.Diff([]string{"x.io Prefix / -> default/api:80 by default/a"}, served(snapshot)); diff != "" {
				t.Errorf("the path does not keep its place (-want +got):\n%s", diff)
			}
			if got := len(snapshot.Pools); got != 1 {
				t.Fatalf("there are %d pools, want 1: %+v", got, snapshot.Pools)
			}
			if got := snapshot.Pools[0]; got.ID != "default/api:80" || got.Service != "default/api" {
				t.Errorf("the pool is %q of service %q", got.ID, got.Service)
			}
			if diff := cmp.Diff(test.endpoints, endpointLines(snapshot.Pools[0].Endpoints)); diff != "" {
				t.Errorf("endpoints (-want +got):\n%s", diff)
			}
			c := conditionOf(t, reports, "Ingress", "default/a", v1alpha1.ConditionResolvedRefs)
			if diff := cmp.Diff(test.resolved, accepted{c.Status, c.Reason, c.Message}); diff != "" {
				t.Errorf("ResolvedRefs (-want +got):\n%s", diff)
			}
		})
	}
}

// A backend may ask the address of its Service. One without an address has its endpoints asked.
func TestTheAddressOfAServiceInPlaceOfItsEndpoints(t *testing.T) {
	http := corev1.ServicePort{Name: "http", Port: 80, Protocol: corev1.ProtocolTCP}
	slice := newSlice("default", "web", "web", []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(8080))}}, discoveryv1.Endpoint{Addresses: []string{"10.0.0.1"}})
	const endpoint = "endpoint/default/web/10.0.0.1:8080 10.0.0.1:8080"
	for name, test := range map[string]struct {
		addresses []string
		kind      corev1.ServiceType
		backend   rules.Backend
		want      []string
	}{
		"of one family":          {[]string{"10.96.0.7"}, "", rules.Backend{Port: 80}, []string{"service/default/web/10.96.0.7:80 10.96.0.7:80"}},
		"of two":                 {[]string{"fd00::7", "10.96.0.7"}, "", rules.Backend{Port: 80}, []string{"service/default/web/[fd00::7]:80 [fd00::7]:80"}},
		"by the port's name":     {[]string{"10.96.0.7"}, "", rules.Backend{PortName: "http"}, []string{"service/default/web/10.96.0.7:80 10.96.0.7:80"}},
		"over TLS":               {[]string{"10.96.0.7"}, "", rules.Backend{Port: 80, Protocol: rules.HTTPS, TLS: &rules.BackendTLS{SkipVerify: true}}, []string{"service/default/web/10.96.0.7:80 10.96.0.7:80"}},
		"of a headless Service":  {[]string{"None"}, "", rules.Backend{Port: 80}, []string{endpoint}},
		"of one without address": {nil, "", rules.Backend{Port: 80}, []string{endpoint}},
		"of a name elsewhere":    {[]string{"10.96.0.7"}, corev1.ServiceTypeExternalName, rules.Backend{Port: 80}, nil},
		"at a port it lacks":     {[]string{"10.96.0.7"}, "", rules.Backend{Port: 81}, nil},
	} {
		service := newService("default", "web", http)
		service.Spec.ClusterIPs, service.Spec.Type = test.addresses, test.kind
		by, direct := asking("web", "/", nil), asking("web", "/direct", nil)
		test.backend.Service, test.backend.Weight = "web", 1
		direct.Backends[0] = test.backend
		test.backend.ByService = true
		by.Backends[0] = test.backend
		built, _ := build(translate.Input{
			Objects: []*rules.Object{objectOf("a", 1, by, direct)}, Services: []*corev1.Service{service}, EndpointSlices: []*discoveryv1.EndpointSlice{slice},
		})
		if len(built.Pools) != 2 || !strings.HasSuffix(built.Pools[1].ID, "/Service") || strings.HasSuffix(built.Pools[0].ID, "/Service") {
			t.Fatalf("%s: the pools are %+v", name, built.Pools)
		}
		if diff := cmp.Diff(test.want, endpointLines(built.Pools[1].Endpoints)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if got := endpointLines(built.Pools[0].Endpoints); slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, "service/") }) {
			t.Errorf("%s: a rule that does not ask for it has %v", name, got)
		}
	}
}

func TestABackendIsSpokenToInTheProtocolOfItsRule(t *testing.T) {
	calls := prefix("/calls", "api")
	calls.Backend.Protocol = v1alpha1.ProtocolH2C
	built, reports := build(translate.Input{
		Objects: asRules([]*v1alpha1.Ingress{newIngress("default", "a", 1, newRule("x.io", prefix("/", "api"), calls))}),
		Tasks:   []*v1alpha1.Task{newTask("default", "a", "api", "10.0.0.1")},
	})
	want := []snapshot.Pool{
		{ID: "default/api:80", Service: "default/api", Endpoints: built.Pools[0].Endpoints},
		{ID: "default/api:80/H2C", Service: "default/api", H2C: true, Endpoints: built.Pools[0].Endpoints},
	}
	if diff := cmp.Diff(want, built.Pools, cmp.Comparer(snapshot.Pool.Equal)); diff != "" {
		t.Errorf("pools (-want +got):\n%s", diff)
	}
	c := conditionOf(t, reports, "Ingress", "default/a", v1alpha1.ConditionResolvedRefs)
	wanted := accepted{metav1.ConditionTrue, "ResolvedRefs", "every backend is there"}
	if diff := cmp.Diff(wanted, accepted{c.Status, c.Reason, c.Message}); diff != "" {
		t.Errorf("ResolvedRefs (-want +got):\n%s", diff)
	}
}

func TestEveryUnresolvedBackendIsNamedOnceInTheOrderOfTheRules(t *testing.T) {
	_, reports := build(translate.Input{
		Objects: asRules([]*v1alpha1.Ingress{newIngress("default", "a", 1,
			newRule("x.io", prefix("/z", "zebra"), prefix("/a", "ant"), prefix("/z/again", "zebra")),
			newRule("y.io", prefix("/", "mole")))}),
		Tasks: []*v1alpha1.Task{newTask("default", "mole", "mole", "10.0.0.1", draining)},
	})
	c := conditionOf(t, reports, "Ingress", "default/a", v1alpha1.ConditionResolvedRefs)
	want := accepted{metav1.ConditionFalse, "ServiceNotFound",
		"zebra:80: no Task of the namespace has this serviceName, and no Service this name; " +
			"ant:80: no Task of the namespace has this serviceName, and no Service this name; " +
			"mole:80: every Task of it drains, is unhealthy or has weight 0"}
	if diff := cmp.Diff(want, accepted{c.Status, c.Reason, c.Message}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
