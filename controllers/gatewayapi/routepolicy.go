// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"iter"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// The reasons of ResolvedRefs of a route that names a RoutePolicy. The API has none for filters.
const (
	reasonPolicyNotFound = "RoutePolicyNotFound"
	reasonPolicyInvalid  = "RoutePolicyInvalid"
)

// policyRef is a filter of a route that names a RoutePolicy.
type policyRef struct {
	// group is the index of the rule that has the filter.
	group       int
	name, where string
}

// readPolicyRefs notes which RoutePolicies the filters of the next rule name, and returns the other filters. What a
// RoutePolicy says is known only when the route is attached.
func (r *Route) readPolicyRefs(where string, from []gatewayv1.HTTPRouteFilter) (others []gatewayv1.HTTPRouteFilter) {
	for i := range from {
		ref := from[i].ExtensionRef
		if from[i].Type != gatewayv1.HTTPRouteFilterExtensionRef || ref == nil || ref.Group != v1alpha1.GroupName || ref.Kind != v1alpha1.RoutePolicyKind {
			others = append(others, from[i])
			continue
		}
		r.policyRefs = append(r.policyRefs, policyRef{len(r.groups), string(ref.Name), where + ".filters[" + strconv.Itoa(i) + "]"})
	}
	return others
}

// routePolicies are the RoutePolicies by namespace and name.
type routePolicies map[types.NamespacedName]*routePolicy

// routePolicy is a RoutePolicy with the routes that use it.
type routePolicy struct {
	*v1alpha1.RoutePolicy
	users []v1alpha1.PolicyUser
}

func newRoutePolicies(list []*v1alpha1.RoutePolicy) routePolicies {
	policies := make(routePolicies, len(list))
	for _, p := range list {
		policies[types.NamespacedName{Namespace: p.Namespace, Name: p.Name}] = &routePolicy{RoutePolicy: p}
	}
	return policies
}

// apply returns rules of a route with what the RoutePolicies that they name say. A rule whose RoutePolicy is not there,
// or cannot be acted on, answers 500: it may be what keeps clients out.
func (p routePolicies) apply(r *Route, list []rules.Rule, unresolved finding) ([]rules.Rule, finding) {
	if len(r.policyRefs) == 0 {
		return list, unresolved
	}
	list = slices.Clone(list)
	closed := make(map[int]string) // why the rules of a group are closed
	for i := range r.policyRefs {
		ref := &r.policyRefs[i]
		if wrong := p.add(r, ref, list); wrong.reason != "" {
			closed[ref.group] = wrong.text
			unresolved.add(wrong.reason, wrong.text)
		}
	}
	for group, text := range closed {
		for n := range r.groups[group].open() {
			list[n] = r.closed(&list[n], text)
		}
	}
	return list, unresolved
}

// add adds what a RoutePolicy says to the rules that name it, or says what is wrong with that.
func (p routePolicies) add(r *Route, ref *policyRef, to []rules.Rule) (wrong finding) {
	named := p[types.NamespacedName{Namespace: r.object.Namespace, Name: ref.name}]
	if named == nil {
		return finding{reasonPolicyNotFound, ref.where + ": there is no RoutePolicy " + rules.Clip(ref.name) + ": make it, or leave the filter out"}
	}
	named.use(r.object)
	for n := range r.groups[ref.group].open() {
		if fault := kinds.AddPolicies(&to[n], &named.Spec.PathPolicies); fault != "" {
			return finding{reasonPolicyInvalid, ref.where + ": RoutePolicy " + rules.Clip(ref.name) + " cannot be acted on: " + fault}
		}
	}
	return finding{}
}

// open has the indexes of the rules that are served as they are written.
func (g *group) open() iter.Seq[int] {
	return func(yield func(int) bool) {
		for n := g.rules[0]; n < g.rules[1]; n++ {
			if !slices.Contains(g.closed, n) && !yield(n) {
				return
			}
		}
	}
}

// use notes that a route uses the RoutePolicy.
func (p *routePolicy) use(by *rules.Object) {
	// The references of one route follow each other.
	if user := (v1alpha1.PolicyUser{Kind: by.Kind, Name: by.Name}); len(p.users) == 0 || p.users[len(p.users)-1] != user {
		p.users = append(p.users, user)
	}
}

// judge returns the verdict of a RoutePolicy.
func (p *routePolicy) judge() *Verdict {
	// Most of what can be wrong does not depend on a rule's path.
	fault := kinds.AddPolicies(&rules.Rule{Match: rules.Match{Path: "/", Type: snapshot.MatchPrefix}}, &p.Spec.PathPolicies)
	accepted := condition(p.Generation, v1alpha1.ConditionAccepted, true, v1alpha1.ReasonAccepted, "everything in the object is acted on")
	if fault != "" {
		accepted = condition(p.Generation, v1alpha1.ConditionAccepted, false, v1alpha1.ReasonInvalidPolicy, fault+"; every rule that names it answers 500")
	}
	slices.SortFunc(p.users, func(a, b v1alpha1.PolicyUser) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	p.users = slices.Compact(p.users)
	return &Verdict{UID: p.UID, Generation: p.Generation, Conditions: []metav1.Condition{accepted}, Users: p.users}
}
