// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// DefaultController is the name by which GatewayClasses name this kind of controller, unless it is told another.
const DefaultController = "ingress.warren.dev/gateway-controller"

// DefaultClass is the usual name of a GatewayClass of the controller.
const DefaultClass = "warren"

// NewClass returns a GatewayClass of the usual name that names a controller.
func NewClass(controller string) *gatewayv1.GatewayClass {
	class := new(gatewayv1.GatewayClass)
	class.Name, class.Spec.ControllerName = DefaultClass, gatewayv1.GatewayController(controller)
	return class
}

// The kinds in reports and verdicts. All are of the group gateway.networking.k8s.io.
const (
	GatewayClassKind     = "GatewayClass"
	GatewayKind          = "Gateway"
	ListenerSetKind      = "ListenerSet"
	HTTPRouteKind        = "HTTPRoute"
	GRPCRouteKind        = "GRPCRoute"
	BackendTLSPolicyKind = "BackendTLSPolicy"
)

// httpKinds are the kinds of routes that listeners of protocol HTTP and HTTPS take.
var httpKinds = []string{HTTPRouteKind, GRPCRouteKind}

// or returns what a pointer points to, or a default without one.
func or[T any](pointer *T, otherwise T) T {
	if pointer == nil {
		return otherwise
	}
	return *pointer
}

// isSecret returns whether a reference is to a Secret.
func isSecret(ref *gatewayv1.SecretObjectReference) bool {
	return or(ref.Group, "") == "" && or(ref.Kind, "Secret") == "Secret"
}

// parentKey returns the kind and the name of a parent of an object in a namespace. It is no object of ours if the
// parent's group is another one.
func parentKey(group *gatewayv1.Group, kind *gatewayv1.Kind, namespace *gatewayv1.Namespace, name gatewayv1.ObjectName, from string) Key {
	if or(group, gatewayv1.GroupName) != gatewayv1.GroupName {
		return Key{}
	}
	return Key{
		Kind:           string(or(kind, GatewayKind)),
		NamespacedName: types.NamespacedName{Namespace: string(or(namespace, gatewayv1.Namespace(from))), Name: string(name)},
	}
}
