// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// DefaultController is the name by which GatewayClasses name this kind of controller, unless it is told another.
const DefaultController = "ingress.warren.dev/gateway-controller"

// The kinds in reports and verdicts. All are of the group gateway.networking.k8s.io.
const (
	GatewayClassKind = "GatewayClass"
	GatewayKind      = "Gateway"
	HTTPRouteKind    = "HTTPRoute"
)

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

// isGateway returns whether a parent is a Gateway.
func isGateway(ref *gatewayv1.ParentReference) bool {
	return or(ref.Group, gatewayv1.GroupName) == gatewayv1.GroupName && or(ref.Kind, GatewayKind) == GatewayKind
}
