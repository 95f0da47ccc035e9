// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// grants says what ReferenceGrants permit. A namespace may have thousands of them, and a route as many references.
type grants map[permission]struct{}

// permission is a reference that a grant lets every object of a kind and namespace make. Without toName it is for all
// objects of the other kind.
type permission reference

func newGrants(list []*gatewayv1.ReferenceGrant) grants {
	g := make(grants)
	for _, grant := range list {
		for _, from := range grant.Spec.From {
			if from.Group != gatewayv1.GroupName {
				continue
			}
			for _, to := range grant.Spec.To {
				g[permission{string(from.Kind), string(from.Namespace), string(to.Group), string(to.Kind), grant.Namespace,
					string(or(to.Name, ""))}] = struct{}{}
			}
		}
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
	if r.namespace == r.toNamespace {
		return true
	}
	_, one := g[permission(r)]
	r.toName = ""
	_, all := g[permission(r)]
	return one || all
}
