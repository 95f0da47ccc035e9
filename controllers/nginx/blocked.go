// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"slices"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// block has a rule refuse whom the ConfigMap blocks, whatever else says who gets in.
func (r *reading) block(rule *rules.Rule) {
	r.blockValues(rule)
	if len(r.terms.blocked) == 0 {
		return
	}
	var before *policy.Access
	for _, p := range rule.Policies {
		if access, ok := p.(*policy.Access); ok {
			before = access
		}
	}
	after := r.blocking[before]
	if after == nil {
		after = &policy.Access{Denied: r.terms.blocked}
		if before != nil {
			after.Allowed, after.Denied = before.Allowed, prefixSet(slices.Concat(before.Denied, after.Denied))
		}
		if r.blocking == nil {
			r.blocking = make(map[*policy.Access]*policy.Access)
		}
		r.blocking[before] = after
	}
	rule.Policies = insert(without(rule.Policies, after), after)
}

// blockValues has a rule refuse values of fields before anything else is done.
func (r *reading) blockValues(rule *rules.Rule) {
	steps := r.terms.blockedValues
	if len(steps) == 0 {
		return
	}
	for i, p := range rule.Policies {
		if of, ok := p.(*policy.Script); ok {
			made := *of
			made.Server = slices.Concat(steps, made.Server)
			rule.Policies = slices.Clone(rule.Policies)
			rule.Policies[i] = &made
			return
		}
	}
	if r.refusing == nil {
		r.refusing = &policy.Script{Server: steps}
	}
	rule.Policies = insert(rule.Policies, r.refusing)
}
