// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"slices"
	"strings"

	"github.com/warren-dev/ingress/proxy/policy"
)

// add adds a policy in its place.
func (s *sharedTerms) add(p policy.Policy) { s.policies = insert(s.policies, p) }

// insert returns policies with one more, in their order.
func insert(list []policy.Policy, p policy.Policy) []policy.Policy {
	at := len(list)
	for at > 0 && policy.Place(list[at-1]) > policy.Place(p) {
		at--
	}
	return slices.Insert(list, at, p)
}

func (r *reading) settlePolicies() {
	t := &r.terms
	if c := &t.cors; c.on {
		r.add(&policy.CORS{AllowOrigins: c.origins, AllowMethods: c.methods, AllowHeaders: c.fields, ExposeHeaders: c.expose,
			AllowCredentials: c.credentials, MaxAge: c.age, Always: true})
	}
	if len(t.allowed)+len(t.denied) > 0 {
		r.add(&policy.Access{Allowed: t.allowed, Denied: t.denied})
	}
	switch {
	case t.perSecond > 0 && t.perMinute > 0:
		r.closing = append(r.closing, "annotations "+Prefix+"limit-rps and limit-rpm: a path has one limit: write the one that is meant to hold, and take the other off")
	case t.perSecond > 0:
		r.add(&policy.RateLimit{PerSecond: float64(t.perSecond), Burst: t.perSecond*t.burst + 1, PerReplica: true, Exempt: t.unlimited})
	case t.perMinute > 0:
		r.add(&policy.RateLimit{PerSecond: float64(t.perMinute) / 60, Burst: t.perMinute*t.burst + 1, PerReplica: true, Exempt: t.unlimited})
	}
	if t.connections > 0 {
		r.add(&policy.ConnectionLimit{Connections: t.connections, Exempt: t.unlimited})
	}
	if t.bodySize > 0 {
		r.add(&policy.MaxRequestBytes{Bytes: t.bodySize})
	}
	var headers policy.Headers
	headers.Request.Set = slices.Clone(t.sent)
	headers.Response.Set = slices.Clone(t.answered)
	for _, name := range t.hidden {
		headers.Response.Remove = append(headers.Response.Remove, strings.ToLower(name))
	}
	slices.Sort(headers.Response.Remove)
	headers.Response.Remove = slices.Compact(headers.Response.Remove)
	if t.headersFrom != "" {
		headers.Response.Set = r.customised(headers.Response.Set)
	}
	if !headers.Equal(&policy.Headers{}) {
		r.add(&headers)
	}
	if h := t.hstsOf(); h != nil {
		r.add(h)
	}
	if c := t.compression.policy(); c != nil {
		r.add(c)
	}
	r.settleRewriting()
}

// policy returns what has answers compressed, nil for nothing.
func (c *compressionTerms) policy() policy.Policy {
	types, least := c.gzipTypes, c.gzipLeast
	switch {
	case c.gzip:
	case c.brotli:
		types, least = c.brotliTypes, c.brotliLeast
	default:
		return nil
	}
	types = append([]string{"text/html"}, types...)
	slices.Sort(types)
	return &policy.Compression{Types: slices.Compact(types), MinBytes: int64(least)}
}

// hstsOf returns what has browsers come over HTTPS, nil for nothing.
func (t *Terms) hstsOf() policy.Policy {
	if !t.hsts.on {
		return nil
	}
	return &policy.HSTS{MaxAge: int64(t.hsts.age), IncludeSubDomains: t.hsts.subDomains, Preload: t.hsts.preload}
}

// settleRewriting has what backends answer be rewritten for clients.
func (r *reading) settleRewriting() {
	t := &r.terms
	if from, to := t.redirectFrom, t.redirectTo; from != "off" && from != "default" && to != "off" {
		change, fault := changeOf(from, to)
		if fault == "" {
			r.add(&policy.LocationRewrite{Changes: []policy.ValueChange{change}, Absolute: true})
		} else {
			r.told = append(r.told, "annotations "+Prefix+"proxy-redirect-from and proxy-redirect-to: "+fault+"; until then they count as not written")
		}
	}
	var cookies policy.CookieRewrite
	if t.cookieDomain != nil {
		cookies.Domains = []policy.ValueChange{*t.cookieDomain}
	}
	if t.cookiePath != nil {
		cookies.Paths = []policy.ValueChange{*t.cookiePath}
	}
	if len(cookies.Domains)+len(cookies.Paths) > 0 {
		r.add(&cookies)
	}
}

// customised returns fields for responses with those of the ConfigMap that the Ingress names.
func (r *reading) customised(before []policy.Header) []policy.Header {
	name, ok := r.customHeaders()
	fault := "it names no ConfigMap of namespace " + r.object.Namespace + ": write the name of one"
	var list []policy.Header
	if ok {
		list, fault = readHeaders(r.maps, name, append([]string{}, r.terms.mayAnswer...), nil)
	}
	if fault != "" {
		r.closing = append(r.closing, "annotation "+Prefix+customHeaders+": "+fault)
		return before
	}
	for _, h := range list {
		before = slices.DeleteFunc(before, func(b policy.Header) bool { return strings.EqualFold(b.Name, h.Name) })
	}
	all := slices.Concat(before, list)
	slices.SortFunc(all, func(a, b policy.Header) int { return compareNames(a.Name, b.Name) })
	return all
}
