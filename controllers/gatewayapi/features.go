// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Features returns what the status of a GatewayClass says that is supported, sorted. It has only what the tests of the
// Gateway API have shown to be so.
func Features() []gatewayv1.SupportedFeature {
	return []gatewayv1.SupportedFeature{
		{Name: "Gateway"},
		{Name: "HTTPRoute"},
		{Name: "ReferenceGrant"},
	}
}
