// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Route is what a route says by itself, whatever its kind. It is immutable.
type Route struct {
	// object has no hosts.
	object    *rules.Object
	parents   []gatewayv1.ParentReference
	hostnames []gatewayv1.Hostname
	// rules are those of all matches, in the order of the route.
	rules []rules.Rule
	// groups are the rules that were one rule in the route.
	groups []group
	// refs are the backends in other namespaces.
	refs []backendRef
	// policyRefs are the RoutePolicies that its rules name.
	policyRefs []policyRef
	// expressions counts the rules whose path is an expression.
	expressions int
	// refused is why some rules cannot be served as they are written, and unresolved what the route refers to in vain.
	refused, unresolved finding
}

// group is one rule of a route: as many of ours as it has matches.
type group struct {
	// rules are the indexes of the first of them, and of the one after the last.
	rules [2]int
	// answers is set if a filter answers every request. Otherwise backends are those of all rules that are open, and so
	// are mirrors.
	answers  bool
	backends []rules.Backend
	mirrors  []rules.Mirror
	// auth says which service is asked whether requests may pass. Nil for none.
	auth *rules.Auth
	// closed are the indexes of the rules that cannot be served as they are written. Their requests reach no backend.
	closed []int
}

// readRule reads one rule of a route. like has what all of its matches have in common, and fault is what is wrong with
// that.
func (r *Route) readRule(where string, matches []matched, like rules.Rule, fault string, filters []gatewayv1.HTTPRouteFilter,
	backends []gatewayv1.HTTPBackendRef) {
	g := r.readMatched(matches, like)
	filters = r.readPolicyRefs(where, filters)
	var wrong finding
	if fault != "" {
		wrong = unsupported(fault)
	}
	if wrong.reason == "" {
		wrong = r.readPolicies(g, filters)
	}
	if wrong.reason == "" {
		wrong = r.readExternalAuth(g, where, filters)
	}
	if wrong.reason == "" && !g.answers {
		wrong = r.readBackends(g, where, backends)
	}
	if wrong.reason == "" && !g.answers {
		wrong = r.readMirrors(g, where, filters)
	}
	if wrong.reason != "" {
		r.closeAll(g, where, wrong)
	}
	r.groups = append(r.groups, *g)
}

// readMatched begins a group with a rule for each match. A match with a fault gets one that is closed.
func (r *Route) readMatched(matches []matched, like rules.Rule) *group {
	g := group{rules: [2]int{len(r.rules), len(r.rules) + len(matches)}}
	for i := range matches {
		m := &matches[i]
		rule := like
		rule.Where, rule.Match = m.where, m.match
		rule.Expressions = kinds.Expressions(&rule)
		r.rules = append(r.rules, rule)
		if m.match.Type == snapshot.MatchExpression {
			r.expressions++
		}
		if m.fault != "" {
			r.refuse(m.where, unsupported(m.fault))
			r.close(&g, len(r.rules)-1, m.fault)
		}
	}
	return &g
}

// matched is one match of a rule, or what is wrong with it.
type matched struct {
	where string
	match rules.Match
	fault string
}

// close has a rule answer by itself that the route cannot be served as it is written.
func (r *Route) close(g *group, index int, fault string) {
	r.rules[index] = r.closed(&r.rules[index], fault)
	g.closed = append(g.closed, index)
}

// closed returns a rule that answers by itself in the place of another one. Where no request can come, it is left out.
func (r *Route) closed(rule *rules.Rule, fault string) rules.Rule {
	closed := rules.Rule{Where: rule.Where, Match: rule.Match, Expressions: rule.Expressions, Backends: r.noBackend(fault)}
	if rule.Match.Senseless {
		closed.Fault = &rules.Fault{Text: fault, Closing: rules.LeftOut}
	}
	return closed
}

// noBackend returns what all requests go to in place of a backend that can be used.
func (r *Route) noBackend(fault string) []rules.Backend {
	return []rules.Backend{{Namespace: r.object.Namespace, Weight: 1, MustExist: r.mustExist(), Fault: fault}}
}

// mustExist returns whether requests are answered with 500 if a backend cannot be used. The API wants that of an
// HTTPRoute. Of a GRPCRoute it wants the status UNAVAILABLE, which 503 is to a gRPC client.
func (r *Route) mustExist() bool { return r.object.Kind != GRPCRouteKind }

// closeAll closes all rules of a group that are not closed yet.
func (r *Route) closeAll(g *group, where string, wrong finding) {
	r.refuse(where, wrong)
	for index := g.rules[0]; index < g.rules[1]; index++ {
		if !slices.Contains(g.closed, index) {
			r.close(g, index, wrong.text)
		}
	}
}

// serves returns whether some rule is served as it is written, or whether there is none at all.
func (r *Route) serves() bool {
	closed := 0
	for i := range r.groups {
		closed += len(r.groups[i].closed)
	}
	return closed == 0 || closed < len(r.rules)
}

// refuse notes that a part of the route cannot be served as it is written. The first reason stays.
func (r *Route) refuse(where string, wrong finding) {
	r.refused.add(wrong.reason, where+": "+wrong.text)
}

// unresolve notes what the route refers to in vain. The first reason stays.
func (r *Route) unresolve(reason gatewayv1.RouteConditionReason, text string) {
	r.unresolved.add(string(reason), text)
}
