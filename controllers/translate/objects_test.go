// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// objectMeta is made so that an object's age is minutes after a fixed time.
func objectMeta(namespace, name string, minutes int) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: types.UID(namespace + "-" + name), Generation: 1,
		CreationTimestamp: metav1.NewTime(time.Date(2026, 1, 1, 0, minutes, 0, 0, time.UTC)),
	}
}

func newIngress(namespace, name string, minutes int, rules ...v1alpha1.IngressRule) *v1alpha1.Ingress {
	return &v1alpha1.Ingress{
		ObjectMeta: objectMeta(namespace, name, minutes),
		Spec:       v1alpha1.IngressSpec{Rules: rules},
	}
}

func newRule(host string, paths ...v1alpha1.IngressPath) v1alpha1.IngressRule {
	return v1alpha1.IngressRule{Host: v1alpha1.Host(host), Paths: paths}
}

func prefix(path, service string) v1alpha1.IngressPath {
	return v1alpha1.IngressPath{
		Path: v1alpha1.Path(path), PathType: v1alpha1.PathTypePrefix,
		Backend: v1alpha1.IngressBackend{ServiceName: v1alpha1.ServiceName(service), Port: 80, Protocol: v1alpha1.ProtocolHTTP},
	}
}

func exact(path, service string) v1alpha1.IngressPath {
	p := prefix(path, service)
	p.PathType = v1alpha1.PathTypeExact
	return p
}

func newTask(namespace, name, service, address string, change ...func(*v1alpha1.Task)) *v1alpha1.Task {
	task := &v1alpha1.Task{
		ObjectMeta: objectMeta(namespace, name, 0),
		Spec:       v1alpha1.TaskSpec{ServiceName: v1alpha1.ServiceName(service), Address: v1alpha1.Address(address)},
	}
	for _, c := range change {
		c(task)
	}
	return task
}

func listens(port, target int32) func(*v1alpha1.Task) {
	return func(t *v1alpha1.Task) {
		t.Spec.Ports = append(t.Spec.Ports, v1alpha1.TaskPort{Port: v1alpha1.Port(port), TargetPort: v1alpha1.Port(target)})
	}
}

func weight(w int32) func(*v1alpha1.Task) {
	return func(t *v1alpha1.Task) { t.Spec.Weight = &w }
}

func draining(t *v1alpha1.Task)  { t.Spec.DesiredState = v1alpha1.DesiredStateDraining }
func unhealthy(t *v1alpha1.Task) { t.Status.Health = v1alpha1.HealthUnhealthy }

func newService(namespace, name string, ports ...corev1.ServicePort) *corev1.Service {
	return &corev1.Service{ObjectMeta: objectMeta(namespace, name, 0), Spec: corev1.ServiceSpec{Ports: ports}}
}

func newSlice(namespace, name, service string, ports []discoveryv1.EndpointPort, endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: objectMeta(namespace, name, 0), AddressType: discoveryv1.AddressTypeIPv4, Ports: ports, Endpoints: endpoints,
	}
	slice.Labels = map[string]string{discoveryv1.LabelServiceName: service}
	return slice
}

func slicePort(name string, port int32) []discoveryv1.EndpointPort {
	return []discoveryv1.EndpointPort{{Name: new(name), Port: new(port), Protocol: new(corev1.ProtocolTCP)}}
}

func ready(address string) discoveryv1.Endpoint {
	return discoveryv1.Endpoint{Addresses: []string{address},
		Conditions: discoveryv1.EndpointConditions{Ready: new(true), Serving: new(true), Terminating: new(false)}}
}

func terminating(address string) discoveryv1.Endpoint {
	return discoveryv1.Endpoint{Addresses: []string{address},
		Conditions: discoveryv1.EndpointConditions{Ready: new(false), Serving: new(true), Terminating: new(true)}}
}

func notReady(address string) discoveryv1.Endpoint {
	return discoveryv1.Endpoint{Addresses: []string{address},
		Conditions: discoveryv1.EndpointConditions{Ready: new(false), Serving: new(false), Terminating: new(false)}}
}

// build builds with the default class.
func build(in translate.Input) (*snapshot.Snapshot, []translate.Report) {
	in.Options.IngressClass = v1alpha1.DefaultIngressClassName
	return translate.Build(in)
}

// asRules reads those Ingresses that are of the default class.
func asRules(ingresses []*v1alpha1.Ingress) (objects []*rules.Object) {
	for _, ing := range ingresses {
		if kinds.Claims(ing, v1alpha1.DefaultIngressClassName) {
			objects = append(objects, kinds.ReadWarren(ing))
		}
	}
	return objects
}

// conditionOf returns what a report says under a type of condition.
func conditionOf(t *testing.T, reports []translate.Report, kind, namespacedName, conditionType string) metav1.Condition {
	t.Helper()
	for _, r := range reports {
		if r.Kind != kind || r.Namespace+"/"+r.Name != namespacedName {
			continue
		}
		if condition := meta.FindStatusCondition(r.Conditions, conditionType); condition != nil {
			return *condition
		}
		t.Fatalf("the report of %s %s has no condition %s: %+v", kind, namespacedName, conditionType, r.Conditions)
	}
	t.Fatalf("there is no report of %s %s", kind, namespacedName)
	return metav1.Condition{}
}

// served writes a snapshot's routes as lines of "host match path -> pool by ingress", which is what most tests are
// about.
func served(snapshot *snapshot.Snapshot) []string {
	lines := []string{}
	for _, host := range snapshot.Hosts {
		for _, r := range host.Routes {
			name := host.Name
			if name == "" {
				name = "(every)"
			}
			lines = append(lines, name+" "+r.Match.String()+" "+r.Path+" -> "+r.Pool+" by "+r.Rule.Ingress)
		}
	}
	return lines
}
