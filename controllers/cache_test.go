// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// always makes a transform of a function that knows no failure.
func always[T any](trim func(T) T) func(any) (any, error) {
	return func(object any) (any, error) { return trim(object.(T)), nil }
}

func TestWhatTheCacheKeepsOfAnObject(t *testing.T) {
	full := metav1.ObjectMeta{
		Namespace: "default", Name: "a", UID: "u", Generation: 2, ResourceVersion: "7",
		Labels:      map[string]string{discoveryv1.LabelServiceName: "api", "app": "api"},
		Annotations: map[string]string{corev1.LastAppliedConfigAnnotation: "{}", "note": "n"},
		ManagedFields: []metav1.ManagedFieldsEntry{
			{Manager: "kubectl", Operation: "Update", FieldsV1: metav1.NewFieldsV1("{}")},
			{Manager: "warren-ingress/warren", Operation: "Update", Subresource: "status", FieldsV1: metav1.NewFieldsV1("{}")},
		},
	}
	bare := metav1.ObjectMeta{Namespace: "default", Name: "a", UID: "u", Generation: 2, ResourceVersion: "7"}
	tests := map[string]struct {
		trim     func(any) (any, error)
		from, to any
	}{
		"an Ingress: whether its status is ours": {
			trim: trimIngress("warren"),
			from: &v1alpha1.Ingress{ObjectMeta: *full.DeepCopy(), Status: v1alpha1.IngressStatus{ObservedGeneration: 1}},
			to: &v1alpha1.Ingress{
				ObjectMeta: func() metav1.ObjectMeta {
					kept := bare
					kept.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "warren-ingress/warren", Subresource: "status"}}
					return kept
				}(),
				Status: v1alpha1.IngressStatus{ObservedGeneration: 1},
			},
		},
		"a Task: spec and status": {
			trim: trimTask,
			from: &v1alpha1.Task{ObjectMeta: *full.DeepCopy(), Spec: v1alpha1.TaskSpec{Address: "10.0.0.1"}, Status: v1alpha1.TaskStatus{Health: "Unhealthy"}},
			to:   &v1alpha1.Task{ObjectMeta: bare, Spec: v1alpha1.TaskSpec{Address: "10.0.0.1"}, Status: v1alpha1.TaskStatus{Health: "Unhealthy"}},
		},
		"a Service: type and ports": {
			trim: always(trimmedService),
			from: &corev1.Service{ObjectMeta: *full.DeepCopy(), Spec: corev1.ServiceSpec{Type: "ClusterIP", ClusterIP: "10.96.0.7",
				Selector: map[string]string{"app": "api"}, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}}},
			to: &corev1.Service{ObjectMeta: bare, Spec: corev1.ServiceSpec{Type: "ClusterIP",
				Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}}}},
		},
		"a slice: its service, addresses and conditions": {
			trim: always(trimmedEndpointSlice),
			from: &discoveryv1.EndpointSlice{ObjectMeta: *full.DeepCopy(), Endpoints: []discoveryv1.Endpoint{{
				Addresses: []string{"10.1.0.1"}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}, NodeName: new("node-1"),
				TargetRef: &corev1.ObjectReference{Name: "api-x"}}}},
			to: &discoveryv1.EndpointSlice{
				ObjectMeta: func() metav1.ObjectMeta {
					kept := bare
					kept.Labels = map[string]string{discoveryv1.LabelServiceName: "api"}
					return kept
				}(),
				Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"10.1.0.1"}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}},
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := test.trim(test.from)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.to, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
