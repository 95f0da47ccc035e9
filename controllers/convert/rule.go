// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"cmp"
	"reflect"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// rule converts a rule of an object. ok is false if it takes no requests, so that nothing is to be said for it.
func (c *converter) rule(o *rules.Object, h, n int) (p piece, ok bool) {
	from, at := &o.Hosts[h].Rules[n], host{o.Namespace, o.Hosts[h].Name}
	id := placed{at.name, o.RuleID(h, n)}
	of := o.Kind + " " + o.Namespace + "/" + o.Name + " " + from.Where
	if refused := c.refused[id]; refused != nil {
		c.note(of, "it is not served, and is left out: "+refused.Reason+": "+refused.Why)
		return p, false
	}
	route := c.served[id]
	if route == nil {
		return p, false // Another rule closes it.
	}
	p = piece{object: o, route: route, of: []string{of}}
	if route.Match == snapshot.MatchText {
		c.lose(of, "all that begins with "+route.Path+" is closed, in any case, which a route cannot say: the host answers 500 as a whole")
		c.closed[at.name] = true
		return p, true
	}
	match := rules.Match{Path: route.Path, Type: route.Match, Conditions: route.Conditions}
	matches, fault := matchesOf(&match)
	if fault != "" {
		c.lose(of, fault+": the host answers 500 as a whole")
		c.closed[at.name] = true
		return p, true
	}
	p.rule.Matches = matches
	if route.Closed != "" {
		c.lose(of, "it is closed, and answers 500 in place of 503: "+cmp.Or(route.ClosedWhy, route.Closed))
		return p, true
	}
	if fault := c.fill(&p.rule, o, h, n); fault != "" {
		c.lose(of, fault+": it answers 500")
		p.rule = gatewayv1.HTTPRouteRule{Matches: matches}
		return p, true
	}
	c.result.Rules = append(c.result.Rules, Rule{Host: at.name, Match: match, Of: of})
	return p, true
}

// matchesOf returns the matches that stand for one of ours, or why there are none. A match has one method.
func matchesOf(from *rules.Match) (matches []gatewayv1.HTTPRouteMatch, fault string) {
	kind := map[snapshot.PathMatch]gatewayv1.PathMatchType{
		snapshot.MatchPrefix: gatewayv1.PathMatchPathPrefix, snapshot.MatchExact: gatewayv1.PathMatchExact,
		snapshot.MatchExpression: gatewayv1.PathMatchRegularExpression,
	}[from.Type]
	if fault := refusedPath(from); fault != "" {
		return nil, fault
	}
	match := gatewayv1.HTTPRouteMatch{Path: &gatewayv1.HTTPPathMatch{Type: &kind, Value: &from.Path}}
	if from.Conditions == nil {
		return []gatewayv1.HTTPRouteMatch{match}, ""
	}
	for _, header := range from.Conditions.Headers {
		if header.Value == "" {
			return nil, "a route cannot ask for the header field " + rules.Quote(header.Name) + " without a value"
		}
		match.Headers = append(match.Headers, gatewayv1.HTTPHeaderMatch{
			Type: new(gatewayv1.HeaderMatchType(header.Match.String())), Name: gatewayv1.HTTPHeaderName(header.Name), Value: header.Value})
	}
	for _, parameter := range from.Conditions.Query {
		if parameter.Value == "" || !kinds.IsToken(parameter.Name) {
			return nil, "a route cannot ask for the parameter " + rules.Quote(parameter.Name) + ": its name has to be one that a header field could have, and its value not empty"
		}
		match.QueryParams = append(match.QueryParams, gatewayv1.HTTPQueryParamMatch{
			Type: new(gatewayv1.QueryParamMatchType(parameter.Match.String())), Name: gatewayv1.HTTPHeaderName(parameter.Name), Value: parameter.Value})
	}
	if len(from.Conditions.Methods) == 0 {
		return []gatewayv1.HTTPRouteMatch{match}, ""
	}
	for _, method := range from.Conditions.Methods {
		if !slices.Contains(knownMethods, gatewayv1.HTTPMethod(method)) {
			return nil, "a route cannot ask for the method " + rules.Quote(method)
		}
		match.Method = new(gatewayv1.HTTPMethod(method))
		matches = append(matches, match)
	}
	return matches, ""
}

// knownPath is what the API takes of an Exact path or a prefix.
var knownPath = regexp.MustCompile(`^/(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*$`)

// maxPath is how long a path may be there, in bytes.
const maxPath = 1024

// refusedPath returns why the API takes no route with a path, empty if it takes one. It would refuse the whole object,
// with rules that keep clients out.
func refusedPath(of *rules.Match) string {
	plain := of.Type != snapshot.MatchExpression
	if len(of.Path) > maxPath || plain && (!knownPath.MatchString(of.Path) || strings.Contains(strings.ToLower(of.Path), "%2f") || strings.Contains(of.Path, "//")) {
		return "a route cannot have the path " + rules.Quote(of.Path)
	}
	return ""
}

// knownMethods are those that the API takes.
var knownMethods = []gatewayv1.HTTPMethod{
	gatewayv1.HTTPMethodGet, gatewayv1.HTTPMethodHead, gatewayv1.HTTPMethodPost, gatewayv1.HTTPMethodPut, gatewayv1.HTTPMethodDelete,
	gatewayv1.HTTPMethodConnect, gatewayv1.HTTPMethodOptions, gatewayv1.HTTPMethodTrace, gatewayv1.HTTPMethodPatch,
}

// fill says what becomes of a rule's requests, or returns what of that cannot be said.
func (c *converter) fill(into *gatewayv1.HTTPRouteRule, o *rules.Object, h, n int) (fault string) {
	from, path := &o.Hosts[h].Rules[n], c.standard[o.ID]
	if object := c.warren[o.ID]; object != nil {
		path = &object.Spec.Rules[o.Hosts[h].Index].Paths[n]
	}
	if !policy.Answers(from.Policies) {
		for i := range from.Backends {
			ref, fault := c.backend(o, &from.Backends[i])
			if fault != "" {
				return fault
			}
			into.BackendRefs = append(into.BackendRefs, ref)
		}
	}
	if r := path.Redirect; r != nil && r.ReplacePrefix != "" && len(into.Matches) > 1 {
		return "a route's redirect replaces the prefix for one method or for all"
	}
	if path.Redirect != nil {
		into.Filters = append(into.Filters, gatewayv1.HTTPRouteFilter{Type: gatewayv1.HTTPRouteFilterRequestRedirect, RequestRedirect: redirectOf(path.Redirect)})
	}
	if m := path.Mirror; m != nil && len(into.BackendRefs) > 0 {
		mirror := &gatewayv1.HTTPRequestMirrorFilter{BackendRef: gatewayv1.BackendObjectReference{Name: gatewayv1.ObjectName(m.ServiceName), Port: &m.Port}}
		if m.Percent != 0 {
			mirror.Percent = &m.Percent
		}
		into.Filters = append(into.Filters, gatewayv1.HTTPRouteFilter{Type: gatewayv1.HTTPRouteFilterRequestMirror, RequestMirror: mirror})
	}
	policies := path.PathPolicies
	if path.Redirect != nil {
		// A redirect asks no backend. A standard Ingress may say both, and nothing comes of these.
		policies.Rewrite, policies.RequestBuffering, policies.LoadBalancing, policies.SessionPersistence = nil, nil, nil, nil
		policies.Timeouts, policies.Retries, policies.PathSpelling = nil, nil, ""
	}
	if !reflect.ValueOf(policies).IsZero() {
		into.Filters = append(into.Filters, gatewayv1.HTTPRouteFilter{Type: gatewayv1.HTTPRouteFilterExtensionRef, ExtensionRef: &gatewayv1.LocalObjectReference{
			Group: v1alpha1.GroupName, Kind: v1alpha1.RoutePolicyKind, Name: gatewayv1.ObjectName(c.policy(o, &policies))}})
	}
	return ""
}

func redirectOf(from *v1alpha1.Redirect) *gatewayv1.HTTPRequestRedirectFilter {
	to := &gatewayv1.HTTPRequestRedirectFilter{StatusCode: new(int(cmp.Or(from.StatusCode, 302)))}
	if from.Scheme != "" {
		to.Scheme = &from.Scheme
	}
	if from.Host != "" {
		to.Hostname = new(gatewayv1.PreciseHostname(from.Host))
	}
	if from.Port != 0 {
		to.Port = &from.Port
	}
	switch {
	case from.Path != "":
		to.Path = &gatewayv1.HTTPPathModifier{Type: gatewayv1.FullPathHTTPPathModifier, ReplaceFullPath: &from.Path}
	case from.ReplacePrefix != "":
		to.Path = &gatewayv1.HTTPPathModifier{Type: gatewayv1.PrefixMatchHTTPPathModifier, ReplacePrefixMatch: &from.ReplacePrefix}
	}
	return to
}

// backend converts a backend, or says why a route cannot have it.
func (c *converter) backend(o *rules.Object, from *rules.Backend) (ref gatewayv1.HTTPBackendRef, fault string) {
	service := c.service(o.Namespace, from.Service)
	port := portOf(service, from)
	says := ""
	switch {
	case from.Port == 0 && port == nil:
		return ref, "backend " + from.Service + " names its port " + rules.Quote(from.PortName) + ", and a route has a number: add the Service to the files"
	case port != nil && port.AppProtocol != nil:
		says = *port.AppProtocol
	}
	switch {
	case from.Protocol == rules.HTTPS:
		return ref, "backend " + from.Service + " is spoken to over TLS, which a BackendTLSPolicy says and no route"
	case from.Protocol == rules.H2C && says != "kubernetes.io/h2c":
		return ref, "backend " + from.Service + " is spoken to in HTTP/2, which its Service has to say: write appProtocol: kubernetes.io/h2c"
	case from.Protocol == rules.HTTP && says != "" && says != "http":
		return ref, "backend " + from.Service + " is spoken to in HTTP/1.1, and its Service says " + rules.Quote(says)
	}
	number := from.Port
	if number == 0 {
		number = port.Port
	}
	ref.Name, ref.Port = gatewayv1.ObjectName(from.Service), &number
	if from.Weight != 1 {
		ref.Weight = &from.Weight
	}
	for _, p := range from.Policies {
		headers, ok := p.(*policy.Headers)
		if !ok || len(headers.Request.Add)+len(headers.Response.Add) > 0 {
			return ref, "backend " + from.Service + " has headers.add, which gives a field where there is none, and a route cannot say that"
		}
		if filter := headerFilter(&headers.Request); filter != nil {
			ref.Filters = append(ref.Filters, gatewayv1.HTTPRouteFilter{Type: gatewayv1.HTTPRouteFilterRequestHeaderModifier, RequestHeaderModifier: filter})
		}
		if filter := headerFilter(&headers.Response); filter != nil {
			ref.Filters = append(ref.Filters, gatewayv1.HTTPRouteFilter{Type: gatewayv1.HTTPRouteFilterResponseHeaderModifier, ResponseHeaderModifier: filter})
		}
	}
	return ref, ""
}

func headerFilter(from *policy.HeaderChanges) *gatewayv1.HTTPHeaderFilter {
	if len(from.Set)+len(from.Remove) == 0 {
		return nil
	}
	filter := &gatewayv1.HTTPHeaderFilter{Remove: from.Remove}
	for _, h := range from.Set {
		filter.Set = append(filter.Set, gatewayv1.HTTPHeader{Name: gatewayv1.HTTPHeaderName(h.Name), Value: h.Value})
	}
	return filter
}

func (c *converter) service(namespace, name string) *corev1.Service {
	i := slices.IndexFunc(c.Made.Services, func(s *corev1.Service) bool { return s.Namespace == namespace && s.Name == name })
	if i < 0 {
		return nil
	}
	return c.Made.Services[i]
}

// portOf returns the port of a Service that a backend names, or nil.
func portOf(service *corev1.Service, b *rules.Backend) *corev1.ServicePort {
	if service == nil {
		return nil
	}
	for i := range service.Spec.Ports {
		if p := &service.Spec.Ports[i]; b.PortName != "" && p.Name == b.PortName || b.PortName == "" && p.Port == b.Port {
			return p
		}
	}
	return nil
}
