// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// grants are the ReferenceGrants, by the namespace that they let others refer to.
type grants map[string][]*gatewayv1.ReferenceGrant

func newGrants(list []*gatewayv1.ReferenceGrant) grants {
	g := make(grants)
	for _, grant := range list {
		g[grant.Namespace] = append(g[grant.Namespace], grant)
	}
	return g
}

// reference is one object that names another one.
type reference struct {
	// kind and namespace are those of the object that refers. Its group is gateway.networking.k8s.io.
	kind, namespace string
	// toGroup, toKind, toNamespace and toName are those of the object that it refers to.
	toGroup, toKind, toNamespace, toName string
}

// permit returns whether an object may refer to another one: within a namespace, or because that one's namespace grants
// it.
func (g grants) permit(r reference) bool {
	return r.namespace == r.toNamespace || slices.ContainsFunc(g[r.toNamespace], func(grant *gatewayv1.ReferenceGrant) bool {
		return slices.ContainsFunc(grant.Spec.From, func(from gatewayv1.ReferenceGrantFrom) bool {
			return from.Group == gatewayv1.GroupName && string(from.Kind) == r.kind && string(from.Namespace) == r.namespace
		}) && slices.ContainsFunc(grant.Spec.To, func(to gatewayv1.ReferenceGrantTo) bool {
			return string(to.Group) == r.toGroup && string(to.Kind) == r.toKind && (or(to.Name, "") == "" || string(*to.Name) == r.toName)
		})
	})
}
