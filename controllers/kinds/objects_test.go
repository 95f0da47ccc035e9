// SPDX-License-Identifier: Apache-2.0

package kinds_test

import (
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// objectMeta returns metadata with an age of that many minutes after a fixed time.
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

// newStandard is a standard Ingress of our class, with a rule for each host that sends everything to the service web.
func newStandard(namespace, name string, minutes int, hosts ...string) *networkingv1.Ingress {
	object := &networkingv1.Ingress{ObjectMeta: objectMeta(namespace, name, minutes)}
	object.Spec.IngressClassName = new(v1alpha1.DefaultIngressClassName)
	for _, host := range hosts {
		object.Spec.Rules = append(object.Spec.Rules, standardRule(host, standardPath(networkingv1.PathTypePrefix, "/", "web")))
	}
	return object
}

func standardRule(host string, paths ...networkingv1.HTTPIngressPath) networkingv1.IngressRule {
	return networkingv1.IngressRule{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{
		HTTP: &networkingv1.HTTPIngressRuleValue{Paths: paths}}}
}

func standardPath(pathType networkingv1.PathType, path, service string) networkingv1.HTTPIngressPath {
	return networkingv1.HTTPIngressPath{Path: path, PathType: &pathType, Backend: *standardBackend(service)}
}

func standardBackend(service string) *networkingv1.IngressBackend {
	return &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
		Name: service, Port: networkingv1.ServiceBackendPort{Number: 80}}}
}

func withDefault(object *networkingv1.Ingress, service string) *networkingv1.Ingress {
	object.Spec.DefaultBackend = standardBackend(service)
	return object
}
