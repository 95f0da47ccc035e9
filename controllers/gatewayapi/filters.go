// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// readFilters reads the filters of a rule or of a backend into policies, or says what is wrong with the first that
// cannot be served. prefix is the path that the rule matches, which a filter may replace.
func readFilters(from []gatewayv1.HTTPRouteFilter, prefix string) (policies []policy.Policy, fault string) {
	var headers policy.Headers
	var rewrite *policy.Rewrite
	var redirect *policy.Redirect
	for i := range from {
		f := &from[i]
		switch {
		case f.Type == gatewayv1.HTTPRouteFilterRequestHeaderModifier && f.RequestHeaderModifier != nil:
			fault = changeHeaders(&headers.Request, f.RequestHeaderModifier)
		case f.Type == gatewayv1.HTTPRouteFilterResponseHeaderModifier && f.ResponseHeaderModifier != nil:
			fault = changeHeaders(&headers.Response, f.ResponseHeaderModifier)
		case f.Type == gatewayv1.HTTPRouteFilterURLRewrite && f.URLRewrite != nil:
			rewrite = &policy.Rewrite{Host: string(or(f.URLRewrite.Hostname, "")), Path: pathChange(f.URLRewrite.Path, prefix), Untold: true}
		case f.Type == gatewayv1.HTTPRouteFilterRequestRedirect && f.RequestRedirect != nil:
			to := f.RequestRedirect
			redirect = &policy.Redirect{Status: or(to.StatusCode, 302), Scheme: or(to.Scheme, ""), Host: string(or(to.Hostname, "")),
				Port: int(or(to.Port, 0)), Path: pathChange(to.Path, prefix)}
		default:
			fault = "a filter of type " + rules.Quote(string(f.Type)) + " is not supported"
		}
		if fault != "" {
			return nil, fault
		}
	}
	if !headers.Equal(new(policy.Headers)) {
		policies = append(policies, &headers)
	}
	if rewrite != nil {
		policies = append(policies, rewrite)
	}
	if redirect != nil {
		policies = append(policies, redirect)
	}
	return policies, ""
}

// pathChange returns what a filter makes of a path.
func pathChange(from *gatewayv1.HTTPPathModifier, prefix string) (change policy.PathChange) {
	switch {
	case from == nil:
	case from.Type == gatewayv1.FullPathHTTPPathModifier:
		change.Replace = or(from.ReplaceFullPath, "/")
	case from.Type == gatewayv1.PrefixMatchHTTPPathModifier:
		change.Prefix, change.Replacement = prefix, or(from.ReplacePrefixMatch, "/")
	}
	return change
}

// changeHeaders adds the changes of a filter to those of a message. The schema lets a rule have one such filter.
func changeHeaders(to *policy.HeaderChanges, from *gatewayv1.HTTPHeaderFilter) (fault string) {
	for _, h := range slices.Concat(from.Set, from.Add) {
		if strings.ContainsFunc(h.Value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return "the value of header " + rules.Quote(string(h.Name)) + " has a control character, a line break perhaps: leave it out"
		}
	}
	for _, h := range from.Set {
		to.Set = append(to.Set, policy.Header{Name: string(h.Name), Value: h.Value})
	}
	for _, h := range from.Add {
		to.Append = append(to.Append, policy.Header{Name: string(h.Name), Value: h.Value})
	}
	for _, name := range from.Remove {
		to.Remove = append(to.Remove, strings.ToLower(name))
	}
	byName := func(a, b policy.Header) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) }
	slices.SortStableFunc(to.Set, byName)
	slices.SortStableFunc(to.Append, byName)
	slices.Sort(to.Remove)
	to.Remove = slices.Compact(to.Remove)
	return ownHeaders(to)
}

// ownHeaders says which of the fields that are changed are the proxy's own: it writes them, or frames messages by them.
func ownHeaders(of *policy.HeaderChanges) (fault string) {
	names := slices.Clone(of.Remove)
	for _, h := range slices.Concat(of.Set, of.Append) {
		names = append(names, strings.ToLower(h.Name))
	}
	for _, name := range names {
		switch name {
		case "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "proxy-connection":
			return "header " + rules.Quote(name) + " is the proxy's own: leave it out"
		}
	}
	return ""
}
