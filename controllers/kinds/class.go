// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// StandardController is the spec.controller of the IngressClasses that are ours.
const StandardController = "ingress.warren.dev/controller"

// classAnnotation is how an Ingress named its class before it had spec.ingressClassName. The API server lets no new one
// have both.
const classAnnotation = "kubernetes.io/ingress.class"

// Claims says whether an Ingress is for the controller of that class. One that names no class is for every
// controller.
func Claims(object *v1alpha1.Ingress, class string) bool {
	return object.Spec.IngressClassName == "" || object.Spec.IngressClassName == class
}

// StandardClassName returns the class that a standard Ingress names, and whether its annotation does, which names no
// IngressClass but the controller itself. It is empty where it is for the controller of the default class.
func StandardClassName(object *networkingv1.Ingress) (name string, annotated bool) {
	if name := object.Spec.IngressClassName; name != nil && *name != "" {
		return *name, false
	}
	name = object.Annotations[classAnnotation]
	return name, name != ""
}

// StandardClass says which Ingresses of networking.k8s.io are the controller's.
type StandardClass struct {
	// Name is the name of the controller's class.
	Name string
	// Exists says that there is an IngressClass of this name and of this kind of controller.
	Exists bool
	// Default says that it is marked as the one for Ingresses that name no class.
	Default bool
}

// NewStandardClass looks for the IngressClass of a name. One of another controller is none.
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

// Claims says whether a standard Ingress is the controller's.
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

// Missing says whether a standard Ingress would be the controller's, were there an IngressClass of that name.
func (c StandardClass) Missing(object *networkingv1.Ingress) bool {
	return !c.Exists && object.Spec.IngressClassName != nil && *object.Spec.IngressClassName == c.Name
}
