// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// policyOf returns a route's policy of a type, so that a test can change it. From then on only this route has it.
func policyOf[T any, P interface {
	*T
	policy.Policy
}](r *snapshot.Route) P {
	own := P(new(T))
	r.Policies = slices.Clone(r.Policies)
	i, found := slices.BinarySearchFunc(r.Policies, policy.Place(own), func(p policy.Policy, at int) int { return policy.Place(p) - at })
	if !found {
		r.Policies = slices.Insert(r.Policies, i, policy.Policy(own))
		return own
	}
	*own = *r.Policies[i].(P)
	r.Policies[i] = own
	return own
}

func accessOf(r *snapshot.Route) *policy.Access       { return policyOf[policy.Access](r) }
func rateLimitOf(r *snapshot.Route) *policy.RateLimit { return policyOf[policy.RateLimit](r) }
func headersOf(r *snapshot.Route) *policy.Headers     { return policyOf[policy.Headers](r) }
func rewriteOf(r *snapshot.Route) *policy.Rewrite     { return policyOf[policy.Rewrite](r) }

// never returns a limit whose bucket is as good as never refilled.
func never(burst int) *policy.RateLimit { return &policy.RateLimit{PerSecond: 1e-9, Burst: burst} }
