// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"strconv"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// ReadGRPCRoute reads a GRPCRoute. What it shares with an HTTPRoute is read as that is.
func ReadGRPCRoute(object *gatewayv1.GRPCRoute) *Route {
	r := &Route{
		object: &rules.Object{
			Kind: GRPCRouteKind, Namespace: object.Namespace, Name: object.Name, UID: object.UID, Generation: object.Generation,
			Created: object.CreationTimestamp.Time, ID: "grpcroute/" + object.Namespace + "/" + object.Name,
		},
		parents: object.Spec.ParentRefs, hostnames: object.Spec.Hostnames,
	}
	for i := range object.Spec.Rules {
		from := &object.Spec.Rules[i]
		r.readGRPCRule(whereRule(i, from.Name), from)
	}
	return r
}

// readGRPCRule reads one rule of a GRPCRoute. Without matches it is for every request.
func (r *Route) readGRPCRule(where string, from *gatewayv1.GRPCRouteRule) {
	var matches []matched
	for i := range from.Matches {
		m := matched{where: where + ".matches[" + strconv.Itoa(i) + "]"}
		m.match, m.fault = readGRPCMatch(&from.Matches[i])
		matches = append(matches, m)
	}
	if len(matches) == 0 {
		matches = []matched{{where: where, match: rules.Match{Type: snapshot.MatchPrefix, Path: "/"}}}
	}
	var backends []gatewayv1.HTTPBackendRef
	for i := range from.BackendRefs {
		b := &from.BackendRefs[i]
		backends = append(backends, gatewayv1.HTTPBackendRef{BackendRef: b.BackendRef, Filters: httpFilters(b.Filters)})
	}
	var like rules.Rule
	like.Timeouts, _ = readTimeouts(nil)
	// A stream may be silent for any time, and a GRPCRoute cannot say so. Calls have deadlines of their own.
	like.Timeouts.Idle = 0
	like.Retries, like.Retry, _ = readRetry(nil)
	var fault string
	like.Persistence, fault = readPersistence(from.SessionPersistence)
	r.readRule(where, matches, like, fault, httpFilters(from.Filters), backends)
}

// httpFilters returns the filters of an HTTPRoute that do the same. Those of a GRPCRoute are fewer.
func httpFilters(from []gatewayv1.GRPCRouteFilter) (filters []gatewayv1.HTTPRouteFilter) {
	for i := range from {
		f := &from[i]
		filters = append(filters, gatewayv1.HTTPRouteFilter{
			Type: gatewayv1.HTTPRouteFilterType(f.Type), RequestHeaderModifier: f.RequestHeaderModifier,
			ResponseHeaderModifier: f.ResponseHeaderModifier, RequestMirror: f.RequestMirror, ExtensionRef: f.ExtensionRef,
		})
	}
	return filters
}
