// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"slices"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// StandardController is the spec.controller of the IngressClasses that are ours.
const StandardController = "ingress.warren.dev/controller"

// NginxController is the spec.controller of the IngressClasses of ingress-nginx.
const NginxController = "k8s.io/ingress-nginx"

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
	// Nginx decides which of them were written for ingress-nginx. Its zero value has none.
	Nginx NginxClass
}

// NginxClass decides which Ingresses of networking.k8s.io are served as ingress-nginx served them.
type NginxClass struct {
	// Name is the class that they name. Empty for serving none.
	Name string
	// others are the IngressClasses of ingress-nginx with other names. taken is set if the one of Name is another
	// controller's.
	others []string
	taken  bool
	// Default is set if one of these is marked as the one for Ingresses that name no class.
	Default bool
}

// NewNginxClass looks for the IngressClasses of ingress-nginx. The one of the name need not exist.
func NewNginxClass(name string, classes []networkingv1.IngressClass) NginxClass {
	class := NginxClass{Name: name}
	if name == "" {
		return class
	}
	for i := range classes {
		object := &classes[i]
		if object.Spec.Controller != NginxController {
			class.taken = class.taken || object.Name == name
			continue
		}
		if object.Name != name {
			class.others = append(class.others, object.Name)
		}
		class.Default = class.Default || object.Annotations[networkingv1.AnnotationIsDefaultIngressClass] == "true"
	}
	slices.Sort(class.others)
	return class
}

// Names lists the classes that are served, sorted.
func (c *NginxClass) Names() (names []string) {
	names = slices.Clone(c.others)
	if c.Name != "" && !c.taken {
		names = append(names, c.Name)
		slices.Sort(names)
	}
	return names
}

// claims returns whether an Ingress is served as ingress-nginx served it.
func (c *NginxClass) claims(object *networkingv1.Ingress) bool {
	if c.Name == "" {
		return false
	}
	switch name, annotated := StandardClassName(object); {
	case name == "":
		return c.Default
	case annotated:
		return name == c.Name
	default:
		return name == c.Name && !c.taken || slices.Contains(c.others, name)
	}
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
	return c.named(object) || c.Nginx.claims(object)
}

// ForNginx returns whether a standard Ingress is the controller's, and was written for ingress-nginx.
func (c StandardClass) ForNginx(object *networkingv1.Ingress) bool {
	return !c.named(object) && c.Nginx.claims(object)
}

// named returns whether a standard Ingress is of the controller's own class.
func (c StandardClass) named(object *networkingv1.Ingress) bool {
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
