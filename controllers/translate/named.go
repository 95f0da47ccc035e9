// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// NamedServices returns the names of the Services that an input's Ingresses, as far as they are ours, name.
func NamedServices(in *Input) map[types.NamespacedName]struct{} {
	names := make(map[types.NamespacedName]struct{})
	for _, object := range in.Ingresses {
		if Claims(object, in.Options.IngressClass) {
			addServices(names, object)
		}
	}
	for _, s := range in.Standard {
		addServices(names, s.object)
	}
	return names
}

func addServices(names map[types.NamespacedName]struct{}, object *v1alpha1.Ingress) {
	last := v1alpha1.ServiceName("") // most paths of an Ingress have the service of the path before
	for r := range object.Spec.Rules {
		for p := range object.Spec.Rules[r].Paths {
			if name := object.Spec.Rules[r].Paths[p].Backend.ServiceName; name != last {
				names[types.NamespacedName{Namespace: object.Namespace, Name: string(name)}] = struct{}{}
				last = name
			}
		}
	}
}
