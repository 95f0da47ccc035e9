// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"
	"strconv"
	"time"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// retries is how many further endpoints a request may try where a retry is safe, as for an Ingress.
const retries = int(v1alpha1.DefaultRetryAttempts)

// backendRef is a reference of a route to a backend in another namespace.
type backendRef struct {
	// group and backend are the indexes of the rule and of the backend in it.
	group, backend int
	reference
	where string
}

// readBackends reads the backends of a group. It returns what cannot be served as it is written. What the rule refers
// to in vain is noted on the route, and its share of the requests is answered with 500.
func (r *Route) readBackends(g *group, where string, from []gatewayv1.HTTPBackendRef) (wrong finding) {
	if g.answers {
		return finding{}
	}
	if len(from) == 0 {
		// The API wants 500 for a rule that neither has a backend nor answers by itself.
		g.backends = []rules.Backend{{Weight: 1, Fault: "the rule has no backend"}}
	}
	for i := range from {
		at := where + ".backendRefs[" + strconv.Itoa(i) + "]"
		b, reference := r.readBackend(at, &from[i].BackendObjectReference)
		b.Weight = or(from[i].Weight, 1)
		if b.Policies, wrong = readFilters(from[i].Filters, &r.rules[g.rules[0]].Match); wrong.reason != "" {
			wrong.text = at + ": " + wrong.text
			return wrong
		}
		if reference.toName != "" {
			r.refs = append(r.refs, backendRef{group: len(r.groups), backend: i, where: at, reference: reference})
		}
		g.backends = append(g.backends, b)
	}
	for n := g.rules[0]; n < g.rules[1]; n++ {
		if !slices.Contains(g.closed, n) {
			r.rules[n].Backends = g.backends
		}
	}
	return finding{}
}

// readBackend reads what a route refers to as a backend. reference is not empty if that takes a grant.
func (r *Route) readBackend(at string, ref *gatewayv1.BackendObjectReference) (b rules.Backend, needs reference) {
	b = rules.Backend{Namespace: string(or(ref.Namespace, gatewayv1.Namespace(r.object.Namespace))), Service: string(ref.Name), MustExist: true}
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
	if b.Fault == "" && b.Namespace != r.object.Namespace {
		needs = reference{r.object.Kind, r.object.Namespace, "", "Service", b.Namespace, b.Service}
	}
	return b, needs
}

// permitted returns the route's rules without the backends that it may not refer to, and what is to be said of these.
func (r *Route) permitted(g grants) (list []rules.Rule, unresolved finding) {
	list, unresolved = r.rules, r.unresolved
	var changed map[int][]rules.Backend // the backends of those groups that have one which is not permitted
	for i := range r.refs {
		ref := &r.refs[i]
		if g.permit(ref.reference) {
			continue
		}
		if changed == nil {
			list, changed = slices.Clone(r.rules), make(map[int][]rules.Backend)
		}
		text := ref.where + " is in namespace " + rules.Clip(ref.toNamespace) + ", and no ReferenceGrant there lets a " + r.object.Kind +
			" of this one refer to it: make one"
		unresolved.add(string(gatewayv1.RouteReasonRefNotPermitted), text)
		of := &r.groups[ref.group]
		if changed[ref.group] == nil {
			changed[ref.group] = slices.Clone(of.backends)
		}
		changed[ref.group][ref.backend].Fault = text
		for n := of.rules[0]; n < of.rules[1]; n++ {
			if !slices.Contains(of.closed, n) {
				list[n].Backends = changed[ref.group]
			}
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
