// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

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
