package proxy

import "slices"

// policyOf returns a route's policy of a type, to be changed: it is in its place from then on, and no other route's.
func policyOf[T any, P interface {
	*T
	Policy
}](r *Route) P {
	own := P(new(T))
	r.Policies = slices.Clone(r.Policies)
	i, found := slices.BinarySearchFunc(r.Policies, Place(own), func(p Policy, at int) int { return Place(p) - at })
	if !found {
		r.Policies = slices.Insert(r.Policies, i, Policy(own))
		return own
	}
	*own = *r.Policies[i].(P)
	r.Policies[i] = own
	return own
}

func accessOf(r *Route) *Access       { return policyOf[Access](r) }
func rateLimitOf(r *Route) *RateLimit { return policyOf[RateLimit](r) }
func headersOf(r *Route) *Headers     { return policyOf[Headers](r) }
func rewriteOf(r *Route) *Rewrite     { return policyOf[Rewrite](r) }
