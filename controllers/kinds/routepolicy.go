// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"slices"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// AddPolicies adds to a rule of a route what a RoutePolicy asks for, read as for a path of an Ingress that matches what
// the rule does. It returns what is wrong with the first thing that it does not understand, or that the rule has
// already. Then the rule has none of it, and has to be closed.
func AddPolicies(rule *rules.Rule, from *v1alpha1.PathPolicies) (fault string) {
	path := &v1alpha1.IngressPath{Path: v1alpha1.Path(rule.Match.Path), PathType: pathTypes[rule.Match.Type], PathPolicies: *from}
	var r ruleReader
	read := rules.Rule{Timeouts: rule.Timeouts}
	if fault = r.terms(&read, path); fault != "" {
		return fault
	}
	all := policies{list: slices.Clone(rule.Policies)}
	for _, added := range read.Policies {
		if slices.ContainsFunc(rule.Policies, func(p policy.Policy) bool { return policy.Place(p) == policy.Place(added) }) {
			return added.Name() + " is what a filter of the rule says too: write one of the two"
		}
		_ = all.add(added, "")
	}
	if rule.Auth != nil && read.Auth != nil {
		return "auth is what a filter of the rule says too: write one of the two"
	}
	if policy.Answers(rule.Policies) && policy.Answers(read.Policies) {
		return "fixedResponse answers, and a filter of the rule redirects: write one of the two"
	}
	if policy.Answers(read.Policies) {
		rule.Backends = nil
	}
	rule.Policies, rule.Expressions = all.list, slices.Concat(rule.Expressions, policyExpressions(read.Policies))
	if read.Auth != nil {
		rule.Auth = read.Auth
	}
	if read.Balancing != nil {
		rule.Balancing = read.Balancing
	}
	if t := from.Timeouts; t != nil {
		override(&rule.Timeouts.Connect, t.Connect)
		override(&rule.Timeouts.Response, t.Response)
		override(&rule.Timeouts.Idle, t.Idle)
		if own := rule.Timeouts.Request; own == v1alpha1.DefaultRequestTimeout { // or the route says so itself
			override(&rule.Timeouts.Request, t.Request)
		}
	}
	if from.Retries != nil {
		rule.Retries, rule.Retry = read.Retries, read.Retry
	}
	if read.Persistence != nil {
		if rule.Persistence != nil {
			return "sessionPersistence is what the rule says too: write one of the two"
		}
		rule.Persistence = read.Persistence
	}
	if read.ErrorPages != nil {
		if rule.ErrorPages != nil {
			return "errorPages is what another RoutePolicy of the rule says too: write one of the two"
		}
		rule.ErrorPages = read.ErrorPages
	}
	rule.Canonical = rule.Canonical || read.Canonical
	return ""
}

// pathTypes are the types of a path that say what a match does.
var pathTypes = map[snapshot.PathMatch]v1alpha1.PathType{
	snapshot.MatchPrefix: v1alpha1.PathTypePrefix, snapshot.MatchExact: v1alpha1.PathTypeExact, snapshot.MatchExpression: v1alpha1.PathTypeRegularExpression,
}
