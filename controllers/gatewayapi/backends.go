// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"strconv"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// retries is how many further endpoints a request may try where a retry is safe, as for an Ingress.
const retries = int(v1alpha1.DefaultRetryAttempts)

// backendRef is a reference of a route to a backend in another namespace.
type backendRef struct {
	// rules and backend are the indexes of the backend in the route. The rules from the first index to before the second
	// one share it.
	rules   [2]int
	backend int
	reference
	where string
}

// readBackends reads the backends of the matches of one rule. first is the index of the first of them in the route. It
// returns what cannot be served as it is written. What the rule refers to in vain is noted on the route, and its share
// of the requests is answered with 500.
func (r *Route) readBackends(where string, of []rules.Rule, first int, from []gatewayv1.HTTPBackendRef) (fault string) {
	if policy.Answers(of[0].Policies) {
		return "" // without asking a backend
	}
	if len(from) == 0 {
		// The API wants 500 for a rule that neither has a backend nor answers by itself.
		from, of[0].Backends = nil, []rules.Backend{{Weight: 1, Fault: "the rule has no backend"}}
	}
	backends := make([]rules.Backend, len(from))
	for i := range from {
		at := where + ".backendRefs[" + strconv.Itoa(i) + "]"
		b := &backends[i]
		ref := &from[i].BackendObjectReference
		*b = rules.Backend{
			Namespace: string(or(ref.Namespace, gatewayv1.Namespace(r.object.Namespace))), Service: string(ref.Name),
			Weight: or(from[i].Weight, 1), MustExist: true,
		}
		switch {
		case or(ref.Group, "") != "" || or(ref.Kind, "Service") != "Service":
			b.Fault = at + " is a " + rules.Clip(string(or(ref.Kind, "Service"))) + ", and backends are Services: write the name of one"
			r.unresolve(gatewayv1.RouteReasonInvalidKind, b.Fault)
		case ref.Port == nil:
			b.Fault = at + " has no port: write a port of the Service"
			r.unresolve(gatewayv1.RouteReasonUnsupportedValue, b.Fault)
		default:
			b.Port = *ref.Port
		}
		if b.Policies, fault = readFilters(from[i].Filters, of[0].Match.Path); fault != "" {
			return at + ": " + fault
		}
		if b.Fault == "" && b.Namespace != r.object.Namespace {
			r.refs = append(r.refs, backendRef{
				rules: [2]int{first, first + len(of)}, backend: i, where: at,
				reference: reference{r.object.Kind, r.object.Namespace, "", "Service", b.Namespace, b.Service},
			})
		}
	}
	for n := range of {
		if len(backends) > 0 {
			of[n].Backends = backends
		} else {
			of[n].Backends = of[0].Backends
		}
	}
	return ""
}

// permitted returns the route's rules without the backends that it may not refer to, and what is to be said of these.
func (r *Route) permitted(g grants) (list []rules.Rule, unresolved finding) {
	list, unresolved = r.rules, r.unresolved
	copied := false
	for i := range r.refs {
		ref := &r.refs[i]
		if g.permit(ref.reference) {
			continue
		}
		if !copied {
			list, copied = append([]rules.Rule(nil), r.rules...), true
		}
		text := ref.where + " is in namespace " + rules.Clip(ref.toNamespace) + ", and no ReferenceGrant there lets a " + r.object.Kind +
			" of this one refer to it: make one"
		backends := append([]rules.Backend(nil), list[ref.rules[0]].Backends...)
		backends[ref.backend].Fault = text
		for n := ref.rules[0]; n < ref.rules[1]; n++ {
			list[n].Backends = backends
		}
		if unresolved.reason == "" {
			unresolved = finding{string(gatewayv1.RouteReasonRefNotPermitted), text}
		} else {
			unresolved.text += "; " + text
		}
	}
	return list, unresolved
}

// timeouts returns the timeouts of a rule, with our defaults for what the API leaves open. A rule has at most one
// attempt that waits for an answer, so the shorter one of the API's two bounds the whole.
func timeouts(from *gatewayv1.HTTPRouteTimeouts) snapshot.Timeouts {
	t := snapshot.Timeouts{
		Request: v1alpha1.DefaultRequestTimeout, Connect: v1alpha1.DefaultConnectTimeout, Response: v1alpha1.DefaultResponseTimeout,
		Idle: v1alpha1.DefaultIdleTimeout,
	}
	if from == nil {
		return t
	}
	for _, text := range []*gatewayv1.Duration{from.Request, from.BackendRequest} {
		if text == nil {
			continue
		}
		d, err := time.ParseDuration(string(*text)) // The API's durations are a part of Go's, and its schema checks them.
		if err == nil && d > 0 && (t.Request == 0 || d < t.Request) {
			t.Request = d
		}
	}
	return t
}
