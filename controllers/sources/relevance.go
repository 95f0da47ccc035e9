// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"bytes"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
)

// Watched returns the kinds of a snapshot's objects that are in the manager's cache.
func Watched() (objects []client.Object) {
	for _, list := range [][]inputSource{naming, others} {
		for i := range list {
			if list[i].cached {
				objects = append(objects, list[i].kinds...)
			}
		}
	}
	return objects
}

// Relevant returns whether an update of a watched object can make a difference to a snapshot. The statuses that this
// controller writes make none, but for a Task's health: otherwise every build would lead to another.
func Relevant(before, after client.Object) bool {
	// An object may be deleted and made again in one update, under the same generation.
	if before.GetUID() != after.GetUID() {
		return true
	}
	if of := sourceOf(after); of != nil && of.relevant != nil {
		return of.relevant(before, after)
	}
	return before.GetGeneration() != after.GetGeneration()
}

// changesAnnotations is for kinds whose annotations count: they do not change the generation.
func changesAnnotations(before, after client.Object) bool {
	return before.GetGeneration() != after.GetGeneration() || !maps.Equal(before.GetAnnotations(), after.GetAnnotations())
}

// changesNamespace is for Namespaces, whose labels count too.
func changesNamespace(before, after client.Object) bool {
	return changesAnnotations(before, after) || !maps.Equal(before.GetLabels(), after.GetLabels())
}

func changesTask(before, after client.Object) bool {
	old, ok := before.(*v1alpha1.Task)
	current, ok2 := after.(*v1alpha1.Task)
	return !ok || !ok2 || old.Generation != current.Generation || translate.Reported(old) != translate.Reported(current) ||
		translate.FailsProbes(old) != translate.FailsProbes(current)
}

// changesService is for Services, which have no generation, and for EndpointSlices, whose labels do not change theirs.
func changesService(before, after client.Object) bool {
	switch after := after.(type) {
	case *corev1.Service:
		before, ok := before.(*corev1.Service)
		return !ok || before.Spec.Type != after.Spec.Type || !equality.Semantic.DeepEqual(before.Spec.Ports, after.Spec.Ports) ||
			!slices.Equal(before.Spec.ClusterIPs, after.Spec.ClusterIPs)
	case *discoveryv1.EndpointSlice:
		before, ok := before.(*discoveryv1.EndpointSlice)
		return !ok || before.Labels[discoveryv1.LabelServiceName] != after.Labels[discoveryv1.LabelServiceName] ||
			!equality.Semantic.DeepEqual(before.Ports, after.Ports) ||
			!equality.Semantic.DeepEqual(before.Endpoints, after.Endpoints)
	}
	return true
}

// changesSecret is for Secrets, which have no generation.
func changesSecret(before, after client.Object) bool {
	old, ok := before.(*corev1.Secret)
	current, ok2 := after.(*corev1.Secret)
	return !ok || !ok2 || !maps.EqualFunc(old.Data, current.Data, bytes.Equal)
}

// changesConfigMap is for ConfigMaps, which have no generation.
func changesConfigMap(before, after client.Object) bool {
	old, ok := before.(*corev1.ConfigMap)
	current, ok2 := after.(*corev1.ConfigMap)
	return !ok || !ok2 || !maps.Equal(old.Data, current.Data)
}
