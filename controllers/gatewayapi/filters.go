// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// readPolicies reads the filters of a rule into the policies of its group, or says what is wrong with the first that
// cannot be served.
func (r *Route) readPolicies(g *group, from []gatewayv1.HTTPRouteFilter) finding {
	for n := g.rules[0]; n < g.rules[1]; n++ {
		policies, wrong := readFilters(from, &r.rules[n].Match)
		if wrong.reason != "" {
			return wrong
		}
		g.answers = policy.Answers(policies)
		if !slices.Contains(g.closed, n) {
			r.rules[n].Policies = policies
		}
	}
	return finding{}
}

// readFilters reads the filters of a rule or of a backend into policies, or says what is wrong with the first that
// cannot be served. A filter may replace the prefix that the rule matches.
func readFilters(from []gatewayv1.HTTPRouteFilter, match *rules.Match) (policies []policy.Policy, wrong finding) {
	var headers policy.Headers
	var rewrite *policy.Rewrite
	var redirect *policy.Redirect
	for i := range from {
		f := &from[i]
		fault := ""
		switch {
		case f.Type == gatewayv1.HTTPRouteFilterRequestHeaderModifier && f.RequestHeaderModifier != nil:
			fault = changeHeaders(&headers.Request, f.RequestHeaderModifier)
		case f.Type == gatewayv1.HTTPRouteFilterResponseHeaderModifier && f.ResponseHeaderModifier != nil:
			fault = changeHeaders(&headers.Response, f.ResponseHeaderModifier)
		case f.Type == gatewayv1.HTTPRouteFilterURLRewrite && f.URLRewrite != nil:
			rewrite = &policy.Rewrite{Host: string(or(f.URLRewrite.Hostname, "")), Untold: true}
			rewrite.Path, fault = pathChange(f.URLRewrite.Path, match)
		case f.Type == gatewayv1.HTTPRouteFilterRequestRedirect && f.RequestRedirect != nil:
			redirect, fault = readRedirect(f.RequestRedirect, match)
		default:
			fault = "a filter of type " + rules.Quote(string(f.Type)) + " is not supported"
		}
		if fault != "" {
			return nil, unsupported(fault)
		}
	}
	if rewrite != nil && redirect != nil {
		return nil, finding{string(gatewayv1.RouteReasonIncompatibleFilters), "a request is either redirected or rewritten: write one of the two filters"}
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
	return policies, finding{}
}

// unsupported is what is wrong with a value that is not served.
func unsupported(text string) finding {
	return finding{string(gatewayv1.RouteReasonUnsupportedValue), text}
}

// readRedirect reads where a filter leads to.
func readRedirect(from *gatewayv1.HTTPRequestRedirectFilter, match *rules.Match) (redirect *policy.Redirect, fault string) {
	redirect = &policy.Redirect{
		Status: or(from.StatusCode, 302), Scheme: or(from.Scheme, ""), Host: string(or(from.Hostname, "")), Port: int(or(from.Port, 0)),
	}
	switch {
	case !slices.Contains([]int{301, 302, 303, 307, 308}, redirect.Status):
		return nil, "a redirect of status " + strconv.Itoa(redirect.Status) + " is not supported: write 301, 302, 303, 307 or 308"
	case !slices.Contains([]string{"", "http", "https"}, redirect.Scheme):
		return nil, "a redirect to scheme " + rules.Quote(redirect.Scheme) + " is not supported: write http or https"
	}
	redirect.Path, fault = pathChange(from.Path, match)
	return redirect, fault
}

// pathChange returns what a filter makes of a path.
func pathChange(from *gatewayv1.HTTPPathModifier, match *rules.Match) (change policy.PathChange, fault string) {
	switch {
	case from == nil:
		return change, ""
	case from.Type == gatewayv1.FullPathHTTPPathModifier:
		change.Replace = cmp.Or(or(from.ReplaceFullPath, ""), "/")
	case from.Type != gatewayv1.PrefixMatchHTTPPathModifier:
		return change, "a path modifier of type " + rules.Quote(string(from.Type)) + " is not supported: write ReplaceFullPath or ReplacePrefixMatch"
	case match.Type != snapshot.MatchPrefix:
		return change, "ReplacePrefixMatch takes a match of type PathPrefix: write one, or ReplaceFullPath"
	default:
		change.Prefix, change.Replacement = match.Path, or(from.ReplacePrefixMatch, "/")
	}
	for _, path := range []string{change.Replace, change.Replacement} {
		if _, err := canonical.Path(nil, []byte(path)); path != "" && err != nil {
			return change, "path " + rules.Quote(path) + " cannot be what a path is replaced with: " + err.Error()
		}
	}
	return change, ""
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
