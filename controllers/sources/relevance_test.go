// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestWhichUpdatesLeadToABuild(t *testing.T) {
	tests := map[string]struct {
		before client.Object
		change func(client.Object)
		want   bool
	}{
		"an Ingress's status": {&v1alpha1.Ingress{}, func(o client.Object) {
			o.(*v1alpha1.Ingress).Status.ObservedGeneration = 1
		}, false},
		"an Ingress's annotations": {&v1alpha1.Ingress{}, func(o client.Object) { o.SetAnnotations(map[string]string{"a": "b"}) }, false},
		"an Ingress's generation":  {&v1alpha1.Ingress{}, func(o client.Object) { o.SetGeneration(2) }, true},
		"another Ingress":          {&v1alpha1.Ingress{}, func(o client.Object) { o.SetUID("other") }, true},
		"a Task's conditions": {&v1alpha1.Task{}, func(o client.Object) {
			o.(*v1alpha1.Task).Status.Conditions = []metav1.Condition{{Type: "Accepted"}}
		}, false},
		"a Task's health": {&v1alpha1.Task{}, func(o client.Object) {
			o.(*v1alpha1.Task).Status.Health = v1alpha1.HealthUnhealthy
		}, true},
		"a Task's health where its probes wrote it": {&v1alpha1.Task{Spec: v1alpha1.TaskSpec{HealthCheck: &v1alpha1.HealthCheck{Port: 80}}}, func(o client.Object) {
			o.(*v1alpha1.Task).Status.Health = v1alpha1.HealthUnhealthy
		}, false},
		"that its probes find a Task unhealthy": {&v1alpha1.Task{Spec: v1alpha1.TaskSpec{HealthCheck: &v1alpha1.HealthCheck{Port: 80}}}, func(o client.Object) {
			o.(*v1alpha1.Task).Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionHealthy, Reason: v1alpha1.ReasonProbeFailed}}
		}, true},
		"what they found of an older generation": {&v1alpha1.Task{Spec: v1alpha1.TaskSpec{HealthCheck: &v1alpha1.HealthCheck{Port: 80}}}, func(o client.Object) {
			o.(*v1alpha1.Task).Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionHealthy, Reason: v1alpha1.ReasonProbeFailed, ObservedGeneration: -1}}
		}, false},
		"a Task's generation":           {&v1alpha1.Task{}, func(o client.Object) { o.SetGeneration(2) }, true},
		"a TLSCertificate's generation": {&v1alpha1.TLSCertificate{}, func(o client.Object) { o.SetGeneration(2) }, true},
		"a TLSCertificate's status": {&v1alpha1.TLSCertificate{}, func(o client.Object) {
			o.(*v1alpha1.TLSCertificate).Status.Failures = 1
		}, false},
		"a Namespace's annotations": {new(metav1.PartialObjectMetadata), func(o client.Object) { o.SetAnnotations(map[string]string{"a": "b"}) }, true},
		"a Namespace's labels":      {new(metav1.PartialObjectMetadata), func(o client.Object) { o.SetLabels(map[string]string{"a": "b"}) }, true},
		"a Service's status": {&corev1.Service{}, func(o client.Object) {
			o.(*corev1.Service).Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "10.0.0.1"}}
		}, false},
		"a Service's ports": {&corev1.Service{}, func(o client.Object) {
			o.(*corev1.Service).Spec.Ports = []corev1.ServicePort{{Port: 80}}
		}, true},
		"a Service's type": {&corev1.Service{}, func(o client.Object) {
			o.(*corev1.Service).Spec.Type = corev1.ServiceTypeExternalName
		}, true},
		"a Secret's annotations": {&corev1.Secret{}, func(o client.Object) { o.SetAnnotations(map[string]string{"a": "b"}) }, false},
		"a Secret's data": {&corev1.Secret{Data: map[string][]byte{"tls.crt": []byte("a")}}, func(o client.Object) {
			o.(*corev1.Secret).Data["tls.crt"] = []byte("b")
		}, true},
		"another Secret of the name": {&corev1.Secret{}, func(o client.Object) { o.SetUID("other") }, true},
		"a slice's annotations":      {&discoveryv1.EndpointSlice{}, func(o client.Object) { o.SetAnnotations(map[string]string{"a": "b"}) }, false},
		"a slice's endpoints": {&discoveryv1.EndpointSlice{}, func(o client.Object) {
			o.(*discoveryv1.EndpointSlice).Endpoints = []discoveryv1.Endpoint{{Addresses: []string{"10.0.0.1"}}}
		}, true},
		"a slice's ports": {&discoveryv1.EndpointSlice{}, func(o client.Object) {
			o.(*discoveryv1.EndpointSlice).Ports = []discoveryv1.EndpointPort{{Port: new(int32(80))}}
		}, true},
		"a slice's service": {&discoveryv1.EndpointSlice{}, func(o client.Object) {
			o.SetLabels(map[string]string{discoveryv1.LabelServiceName: "api"})
		}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			after := test.before.DeepCopyObject().(client.Object)
			after.SetResourceVersion("2")
			if Relevant(test.before, after) {
				t.Error("a new resource version alone leads to a build")
			}
			test.change(after)
			if got := Relevant(test.before, after); got != test.want {
				t.Errorf("it leads to a build: %v, want %v", got, test.want)
			}
		})
	}
}
