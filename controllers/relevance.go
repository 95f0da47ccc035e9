// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"maps"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
)

// watched returns the kinds that a snapshot is built from.
func watched() []client.Object {
	return []client.Object{
		&v1alpha1.Ingress{}, &v1alpha1.Task{}, &v1alpha1.TLSCertificate{},
	}
}

// relevant says whether an update of a watched object can make a difference to a snapshot. The status that this
// controller writes makes none; were it not told apart, every build would lead to another.
func relevant(before, after client.Object) bool {
	// An object may be deleted and made again in one update, under the same generation.
	if before.GetUID() != after.GetUID() {
		return true
	}
	switch after := after.(type) {
	case *v1alpha1.Task:
		before, ok := before.(*v1alpha1.Task)
		return !ok || before.Generation != after.Generation || translate.Reported(before) != translate.Reported(after)
	case *networkingv1.Ingress, *networkingv1.IngressClass, *metav1.PartialObjectMetadata: // whose annotations no generation counts
		return before.GetGeneration() != after.GetGeneration() || !maps.Equal(before.GetAnnotations(), after.GetAnnotations())
	case *corev1.Service: // which has no generation
		before, ok := before.(*corev1.Service)
		return !ok || before.Spec.Type != after.Spec.Type || !equality.Semantic.DeepEqual(before.Spec.Ports, after.Spec.Ports)
	case *corev1.Secret: // which has no generation either
		before, ok := before.(*corev1.Secret)
		return !ok || !maps.EqualFunc(before.Data, after.Data, bytes.Equal)
	case *discoveryv1.EndpointSlice: // whose generation does not count labels
		before, ok := before.(*discoveryv1.EndpointSlice)
		return !ok || before.Labels[discoveryv1.LabelServiceName] != after.Labels[discoveryv1.LabelServiceName] ||
			!equality.Semantic.DeepEqual(before.Ports, after.Ports) ||
			!equality.Semantic.DeepEqual(before.Endpoints, after.Endpoints)
	}
	return before.GetGeneration() != after.GetGeneration()
}
