// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// StandardController is the spec.controller of the IngressClasses that are ours.
const StandardController = "ingress.warren.dev/controller"

// classAnnotation names the class of Ingresses from before spec.ingressClassName existed. The API server lets no new
// Ingress have both.
const classAnnotation = "kubernetes.io/ingress.class"

// Claims returns whether an Ingress is for the controller of that class. An Ingress that names no class is for every
// controller.
func Claims(object *v1alpha1.Ingress, class string) bool {
	return object.Spec.IngressClassName == "" || object.Spec.IngressClassName == class
}

// StandardClassName returns the class that a standard Ingress names, and whether its annotation names it. An annotation
// names a controller, not an IngressClass. The name is empty if the Ingress is for the controller of the default class.
func StandardClassName(object *networkingv1.Ingress) (name string, annotated bool) {
	if name := object.Spec.IngressClassName; name != nil && *name != "" {
		return *name, false
	}
	name = object.Annotations[classAnnotation]
	return name, name != ""
}

// StandardClass decides which Ingresses of networking.k8s.io are the controller's.
type StandardClass struct {
	// Name is the name of the controller's class.
	Name string
	// Exists is set if there is an IngressClass of this name and of this kind of controller.
	Exists bool
	// Default is set if that IngressClass is marked as the one for Ingresses that name no class.
	Default bool
}

// NewStandardClass looks for the IngressClass of a name. It ignores those of other controllers.
func NewStandardClass(name string, classes []networkingv1.IngressClass) StandardClass {
	class := StandardClass{Name: name}
	for i := range classes {
		if object := &classes[i]; object.Name == name && object.Spec.Controller == StandardController {
			class.Exists = true
			class.Default = object.Annotations[networkingv1.AnnotationIsDefaultIngressClass] == "true"
		}
	}
	return class
}

// Claims returns whether a standard Ingress is the controller's.
func (c StandardClass) Claims(object *networkingv1.Ingress) bool {
	switch name, annotated := StandardClassName(object); {
	case name == "":
		return c.Default
	case annotated:
		return name == c.Name
	default:
		return c.Exists && name == c.Name
	}
}

// Missing returns whether a standard Ingress would be the controller's if an IngressClass of its name existed.
func (c StandardClass) Missing(object *networkingv1.Ingress) bool {
	return !c.Exists && object.Spec.IngressClassName != nil && *object.Spec.IngressClassName == c.Name
}
