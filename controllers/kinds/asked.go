// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// StandardPolicies returns what the annotations of a standard Ingress say for all of its paths, as a path of this API's
// Ingress has it. It means nothing if the Ingress has a fault.
func StandardPolicies(object *networkingv1.Ingress) *v1alpha1.IngressPath {
	asked := readAnnotations(object)
	return &asked.policies
}
