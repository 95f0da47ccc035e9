// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// readPolicies reads the filters of a rule into the policies of its group, or says what is wrong with the first that
// cannot be served.
func (r *Route) readPolicies(g *group, from []gatewayv1.HTTPRouteFilter) finding {
	from = slices.DeleteFunc(slices.Clone(from), func(f gatewayv1.HTTPRouteFilter) bool {
		return f.Type == gatewayv1.HTTPRouteFilterRequestMirror && f.RequestMirror != nil || // see readMirrors
			f.Type == gatewayv1.HTTPRouteFilterExternalAuth && f.ExternalAuth != nil // see readExternalAuth
	})
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
	var cors *policy.CORS
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
		case f.Type == gatewayv1.HTTPRouteFilterCORS && f.CORS != nil:
			cors, fault = readCORS(f.CORS)
		case f.Type == gatewayv1.HTTPRouteFilterURLRewrite && f.URLRewrite != nil:
			rewrite = &policy.Rewrite{Host: string(or(f.URLRewrite.Hostname, "")), Untold: true}
			rewrite.Path, fault = pathChange(f.URLRewrite.Path, match)
		case f.Type == gatewayv1.HTTPRouteFilterRequestRedirect && f.RequestRedirect != nil:
			redirect, fault = readRedirect(f.RequestRedirect, match)
		case f.Type == gatewayv1.HTTPRouteFilterRequestMirror:
			fault = "mirrors are of a rule and not of one of its backends: write the filter there"
		case f.Type == gatewayv1.HTTPRouteFilterExternalAuth:
			fault = "who gets in is asked for a rule and not for one of its backends: write the filter there"
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
	// in policy.Order
	if cors != nil {
		policies = append(policies, cors)
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
	to.Set, to.Append = newHeaders(from.Set), newHeaders(from.Add)
	for _, name := range from.Remove {
		to.Remove = append(to.Remove, strings.ToLower(name))
	}
	slices.Sort(to.Remove)
	to.Remove = slices.Compact(to.Remove)
	names := slices.Clone(to.Remove)
	for _, h := range slices.Concat(to.Set, to.Append) {
		if strings.ContainsFunc(h.Value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return "the value of header " + rules.Quote(h.Name) + " has a control character, a line break perhaps: leave it out"
		}
		names = append(names, strings.ToLower(h.Name))
	}
	slices.Sort(names)
	for i, name := range names {
		switch {
		case !kinds.IsToken(name):
			return rules.Quote(name) + " is no name of a header: write letters, digits and hyphens"
		case ownHeader(name):
			return "header " + rules.Quote(name) + " is the proxy's own: leave it out"
		case i > 0 && names[i-1] == name:
			return "header " + rules.Quote(name) + " is changed in two ways: write it in one of set, add and remove"
		}
	}
	return ""
}

// newHeaders returns fields sorted by name. Of several with one name the first counts, as the API says.
func newHeaders(from []gatewayv1.HTTPHeader) (headers []policy.Header) {
	for i := range from {
		headers = append(headers, policy.Header{Name: string(from[i].Name), Value: from[i].Value})
	}
	slices.SortStableFunc(headers, func(a, b policy.Header) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return slices.CompactFunc(headers, func(a, b policy.Header) bool { return strings.EqualFold(a.Name, b.Name) })
}

// ownHeader returns whether a field is the proxy's own: it writes the field, or frames messages by it.
func ownHeader(lower string) bool {
	switch lower {
	case "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "proxy-connection":
		return true
	}
	return false
}
