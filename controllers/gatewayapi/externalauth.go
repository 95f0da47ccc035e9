// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"
	"strconv"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/canonical"
)

// readExternalAuth reads which service is asked whether a group's requests may pass. If the filter refers to none that
// can be asked, none of them does.
func (r *Route) readExternalAuth(g *group, where string, filters []gatewayv1.HTTPRouteFilter) (wrong finding) {
	for i := range filters {
		from := filters[i].ExternalAuth
		if filters[i].Type != gatewayv1.HTTPRouteFilterExternalAuth || from == nil {
			continue
		}
		at := where + ".filters[" + strconv.Itoa(i) + "].externalAuth"
		if g.auth != nil {
			return unsupported(at + " is a second one of the rule: write one")
		}
		asks, fault := readAsked(from)
		if fault != "" {
			return unsupported(at + fault)
		}
		b, needs := r.readBackend(at+".backendRef", &from.BackendRef)
		if needs.toName != "" {
			r.refs = append(r.refs, backendRef{group: len(r.groups), auth: true, where: at + ".backendRef", reference: needs})
		}
		if asks.Protocol == auth.GRPC {
			b.Protocol = rules.GRPC
		}
		external := &rules.ExternalAuth{Backend: b, Asks: asks}
		if fault = external.Fault(); fault != "" {
			return unsupported(at + ": " + fault)
		}
		g.auth = &rules.Auth{External: external}
	}
	if g.auth == nil {
		return finding{}
	}
	for n := g.rules[0]; n < g.rules[1]; n++ {
		if !slices.Contains(g.closed, n) {
			r.rules[n].Auth = g.auth
		}
	}
	return finding{}
}

// readAsked reads how a service is asked. The fault goes on after the place of the filter.
func readAsked(from *gatewayv1.HTTPExternalAuthFilter) (asks auth.External, fault string) {
	asks.Timeout = v1alpha1.DefaultAuthTimeout
	if from.ForwardBody != nil {
		asks.MaxBody = int64(from.ForwardBody.MaxSize)
	}
	switch from.ExternalAuthProtocol {
	case gatewayv1.HTTPRouteExternalAuthGRPCProtocol:
		asks.Protocol = auth.GRPC
		if from.GRPCAuthConfig != nil {
			asks.ForwardHeaders, fault = askedHeaders(".grpc.allowedHeaders", from.GRPCAuthConfig.AllowedRequestHeaders)
		}
		return asks, fault
	case gatewayv1.HTTPRouteExternalAuthHTTPProtocol:
	default:
		return asks, ".protocol " + rules.Quote(string(from.ExternalAuthProtocol)) + " is not supported: write HTTP or GRPC"
	}
	asks.Mimics = true
	http := or(from.HTTPAuthConfig, gatewayv1.HTTPAuthConfig{})
	if asks.Path, fault = askedPrefix(http.Path); fault != "" {
		return asks, fault
	}
	if asks.ForwardHeaders, fault = askedHeaders(".http.allowedHeaders", append(slices.Clone(http.AllowedRequestHeaders), "authorization")); fault != "" {
		return asks, fault
	}
	asks.ResponseHeaders, fault = askedHeaders(".http.allowedResponseHeaders", http.AllowedResponseHeaders)
	if len(asks.ResponseHeaders) == 0 {
		asks.ResponseHeaders = []string{auth.AllFields}
	}
	return asks, fault
}

// askedPrefix returns what goes before the paths of questions.
func askedPrefix(path string) (prefix, fault string) {
	if path == "" {
		return "", ""
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	form, err := canonical.Path(nil, []byte(path))
	if err != nil {
		return "", ".http.path " + rules.Quote(path) + " cannot be the path of a request: " + err.Error()
	}
	return strings.TrimSuffix(string(form), "/"), ""
}

// askedHeaders returns names of fields in lower case, sorted.
func askedHeaders(field string, from []string) (names []string, fault string) {
	for _, name := range from {
		lower := strings.ToLower(name)
		if !kinds.IsToken(name) || ownHeader(lower) && lower != "host" && lower != "content-length" {
			return nil, field + " has " + rules.Quote(name) + ", which is no field that can be passed on: leave it out"
		}
		if lower == "host" || lower == "content-length" { // which are the question's own
			continue
		}
		names = append(names, lower)
	}
	slices.Sort(names)
	return slices.Compact(names), ""
}
