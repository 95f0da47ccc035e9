// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"strconv"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
)

// Route is what a route says by itself. It is immutable.
type Route struct {
	// object has no hosts.
	object    *rules.Object
	parents   []gatewayv1.ParentReference
	hostnames []gatewayv1.Hostname
	// rules are those of all matches, in the order of the route.
	rules []rules.Rule
	// refs are the backends in other namespaces.
	refs []backendRef
	// refused is why the route cannot be served as it is written, and dropped how many of the rules that concerns.
	// unresolved is what it refers to in vain.
	refused, unresolved finding
	dropped             int
}

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
		r.readRule("spec.rules["+strconv.Itoa(i)+"]", &object.Spec.Rules[i])
	}
	return r
}

// readRule reads one rule of a route into one of ours for each match.
func (r *Route) readRule(where string, from *gatewayv1.HTTPRouteRule) {
	like := rules.Rule{Timeouts: timeouts(from.Timeouts), Retries: retries}
	first := len(r.rules)
	if len(from.Matches) == 0 {
		like.Where = where
		r.addMatch(like, &gatewayv1.HTTPRouteMatch{})
	}
	for j := range from.Matches {
		like.Where = where + ".matches[" + strconv.Itoa(j) + "]"
		r.addMatch(like, &from.Matches[j])
	}
	fault := ""
	for n := first; n < len(r.rules) && fault == ""; n++ {
		r.rules[n].Policies, fault = readFilters(from.Filters, r.rules[n].Match.Path)
	}
	if fault == "" {
		fault = r.readBackends(where, r.rules[first:], first, from.BackendRefs)
	}
	if fault == "" {
		return
	}
	r.refuse(where + ": " + fault)
	for n := first; n < len(r.rules); n++ {
		if r.rules[n].Fault == nil {
			r.dropped++
		}
		r.rules[n].Backends = []rules.Backend{{Weight: 1, Fault: fault}}
		r.rules[n].Policies = nil
	}
}

// addMatch adds the rule of one match. A match that cannot be read has no place, so its rule is left out.
func (r *Route) addMatch(rule rules.Rule, from *gatewayv1.HTTPRouteMatch) {
	var fault string
	if rule.Match, fault = readMatch(from); fault != "" {
		r.refuse(rule.Where + ": " + fault)
		rule.Fault = &rules.Fault{Text: fault, Closing: rules.LeftOut}
		r.dropped++
	}
	r.rules = append(r.rules, rule)
}

// refuse notes that a part of the route cannot be served as it is written.
func (r *Route) refuse(text string) {
	if r.refused.reason == "" {
		r.refused = finding{string(gatewayv1.RouteReasonUnsupportedValue), text}
	} else {
		r.refused.text += "; " + text
	}
}

// unresolve notes what the route refers to in vain. The first reason stays.
func (r *Route) unresolve(reason gatewayv1.RouteConditionReason, text string) {
	if r.unresolved.reason == "" {
		r.unresolved = finding{string(reason), text}
	} else {
		r.unresolved.text += "; " + text
	}
}
