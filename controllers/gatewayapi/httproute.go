// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"strconv"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
)

// ReadHTTPRoute reads an HTTPRoute.
func ReadHTTPRoute(object *gatewayv1.HTTPRoute) *Route {
	r := &Route{
		object: &rules.Object{
			Kind: HTTPRouteKind, Namespace: object.Namespace, Name: object.Name, UID: object.UID, Generation: object.Generation,
			Created: object.CreationTimestamp.Time, ID: "httproute/" + object.Namespace + "/" + object.Name,
		},
		parents: object.Spec.ParentRefs, hostnames: object.Spec.Hostnames,
	}
	for i := range object.Spec.Rules {
		from := &object.Spec.Rules[i]
		r.readHTTPRule(whereRule(i, from.Name), from)
	}
	return r
}

// whereRule names a rule as its author finds it.
func whereRule(index int, name *gatewayv1.SectionName) string {
	where := "spec.rules[" + strconv.Itoa(index) + "]"
	if name != nil {
		where += "(" + rules.Clip(string(*name)) + ")"
	}
	return where
}

// readHTTPRule reads one rule of an HTTPRoute. Without matches it is for every request.
func (r *Route) readHTTPRule(where string, from *gatewayv1.HTTPRouteRule) {
	var matches []matched
	for i := range from.Matches {
		m := matched{where: where + ".matches[" + strconv.Itoa(i) + "]"}
		m.match, m.fault = readMatch(&from.Matches[i])
		matches = append(matches, m)
	}
	if len(matches) == 0 {
		m := matched{where: where}
		m.match, _ = readMatch(&gatewayv1.HTTPRouteMatch{})
		matches = append(matches, m)
	}
	var like rules.Rule
	var faults [3]string
	like.Timeouts, faults[0] = readTimeouts(from.Timeouts)
	like.Retries, like.Retry, faults[1] = readRetry(from.Retry)
	like.Persistence, faults[2] = readPersistence(from.SessionPersistence)
	r.readRule(where, matches, like, cmp.Or(faults[:]...), from.Filters, from.BackendRefs)
}
