// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Features returns what the status of a GatewayClass says that is supported. It is sorted by name. It has those of the
// API's features that are served however the controller is started.
func Features() []gatewayv1.SupportedFeature {
	return []gatewayv1.SupportedFeature{
		{Name: "BackendTLSPolicy"},
		{Name: "BackendTLSPolicySANValidation"},
		{Name: "GRPCRoute"},
		{Name: "GRPCRouteNamedRouteRule"},
		{Name: "Gateway"},
		{Name: "GatewayAddressEmpty"},
		{Name: "GatewayBackendClientCertificate"},
		{Name: "GatewayFrontendClientCertificateValidation"},
		{Name: "GatewayFrontendClientCertificateValidationInsecureFallback"},
		{Name: "GatewayHTTPListenerIsolation"},
		{Name: "GatewayHTTPSListenerDetectMisdirectedRequests"},
		{Name: "GatewayPort8080"},
		{Name: "HTTPRoute"},
		{Name: "HTTPRoute303RedirectStatusCode"},
		{Name: "HTTPRoute307RedirectStatusCode"},
		{Name: "HTTPRoute308RedirectStatusCode"},
		{Name: "HTTPRouteBackendProtocolH2C"},
		{Name: "HTTPRouteBackendProtocolWebSocket"},
		{Name: "HTTPRouteBackendRequestHeaderModification"},
		{Name: "HTTPRouteBackendTimeout"},
		{Name: "HTTPRouteCORS"},
		{Name: "HTTPRouteDestinationPortMatching"},
		{Name: "HTTPRouteHostRewrite"},
		{Name: "HTTPRouteMethodMatching"},
		{Name: "HTTPRouteNamedRouteRule"},
		{Name: "HTTPRouteParentRefPort"},
		{Name: "HTTPRoutePathRedirect"},
		{Name: "HTTPRoutePathRewrite"},
		{Name: "HTTPRoutePortRedirect"},
		{Name: "HTTPRouteQueryParamMatching"},
		{Name: "HTTPRouteRequestMirror"},
		{Name: "HTTPRouteRequestMultipleMirrors"},
		{Name: "HTTPRouteRequestPercentageMirror"},
		{Name: "HTTPRouteRequestTimeout"},
		{Name: "HTTPRouteResponseHeaderModification"},
		{Name: "HTTPRouteRetry"},
		{Name: "HTTPRouteRetryBackendTimeout"},
		{Name: "HTTPRouteRetryConnectionError"},
		{Name: "HTTPRouteSchemeRedirect"},
		{Name: "ListenerSet"},
		{Name: "ReferenceGrant"},
	}
}
