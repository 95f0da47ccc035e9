// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy"
)

// policies are what a path asks for on the way to its backend. Of a hundred thousand paths most have none or an access
// control, so the larger and rarer ones are behind pointers.
type policies struct {
	access    proxy.Access
	rateLimit proxy.RateLimit
	headers   *proxy.Headers
	rewrite   *proxy.Rewrite
	balancing *proxy.Balancing
}

// readPolicies reads a path's policies, or says what is wrong with the first that is not understood. It returns nil for a
// path that has none.
func (c *collector) readPolicies(p *v1alpha1.IngressPath) (read *policies, fault string) {
	if p.AccessControl == nil && p.RateLimit == nil && p.Headers == nil && p.Rewrite == nil && p.LoadBalancing == nil {
		return nil, ""
	}
	read = new(policies)
	if p.AccessControl != nil {
		if read.access, fault = readAccess(p.AccessControl); fault != "" {
			return nil, fault
		}
	}
	if p.RateLimit != nil {
		if read.rateLimit, fault = readRateLimit(p.RateLimit); fault != "" {
			return nil, fault
		}
	}
	if p.Headers != nil {
		if read.headers, fault = readHeaders(p.Headers); fault != "" {
			return nil, fault
		}
	}
	if p.Rewrite != nil {
		if read.rewrite, fault = c.paths.readRewrite(p.Rewrite); fault != "" {
			return nil, fault
		}
	}
	if p.LoadBalancing != nil {
		read.balancing = new(proxy.Balancing)
		if *read.balancing, fault = readBalancing(p.LoadBalancing); fault != "" {
			return nil, fault
		}
	}
	return read, ""
}

// apply has a route do what the policies say.
func (p *policies) apply(route *proxy.Route) {
	route.Access = p.access
	route.RateLimit = p.rateLimit
	if p.headers != nil {
		route.Headers = *p.headers
	}
	if p.rewrite != nil {
		route.Rewrite = *p.rewrite
	}
	if p.balancing != nil {
		route.Balancing = *p.balancing
	}
}
