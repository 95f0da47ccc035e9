// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"
	"strconv"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
)

// backendRef is a reference of a route to a backend, to a mirror, or to a service that is asked who gets in, in another
// namespace.
type backendRef struct {
	// group is the index of the rule, and index that of the backend or of the mirror in it.
	group, index int
	mirror, auth bool
	reference
	where string
}

// readBackends reads the backends of a group. It returns what cannot be served as it is written. What the rule refers
// to in vain is noted on the route, and its share of the requests is answered with an error.
func (r *Route) readBackends(g *group, where string, from []gatewayv1.HTTPBackendRef) (wrong finding) {
	if len(from) == 0 {
		// The API wants an error from a rule that neither has a backend nor answers by itself.
		g.backends = r.noBackend("the rule has no backend")
	}
	for i := range from {
		at := where + ".backendRefs[" + strconv.Itoa(i) + "]"
		b, needs := r.readBackend(at, &from[i].BackendObjectReference)
		if b.Weight = or(from[i].Weight, 1); b.Weight < 0 || b.Weight > rules.MaxWeight {
			return unsupported(at + " has the weight " + strconv.Itoa(int(b.Weight)) + ": write 0 to " + strconv.Itoa(rules.MaxWeight))
		}
		if b.Policies, wrong = readFilters(from[i].Filters, &r.rules[g.rules[0]].Match); wrong.reason != "" {
			wrong.text = at + ": " + wrong.text
			return wrong
		}
		if needs.toName != "" {
			r.refs = append(r.refs, backendRef{group: len(r.groups), index: i, where: at, reference: needs})
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

// readBackend reads what a route refers to as a backend. needs is not empty if that takes a grant.
func (r *Route) readBackend(at string, ref *gatewayv1.BackendObjectReference) (b rules.Backend, needs reference) {
	b = rules.Backend{Namespace: string(or(ref.Namespace, gatewayv1.Namespace(r.object.Namespace))), Service: string(ref.Name), MustExist: r.mustExist()}
	if r.object.Kind == GRPCRouteKind {
		b.Protocol = rules.GRPC
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
	if b.Fault == "" && b.Namespace != r.object.Namespace {
		needs = reference{r.object.Kind, r.object.Namespace, "", "Service", b.Namespace, b.Service}
	}
	return b, needs
}

// permitted returns the route's rules without the backends that it may not refer to, and what is to be said of these.
func (r *Route) permitted(g grants) (list []rules.Rule, unresolved finding) {
	list, unresolved = r.rules, r.unresolved
	var changed map[int]*group // those groups that refer to something that is not permitted
	for i := range r.refs {
		ref := &r.refs[i]
		if g.permit(ref.reference) {
			continue
		}
		if changed == nil {
			list, changed = slices.Clone(r.rules), make(map[int]*group)
		}
		of := changed[ref.group]
		if of == nil {
			copied := r.groups[ref.group]
			copied.backends, copied.mirrors = slices.Clone(copied.backends), slices.Clone(copied.mirrors)
			of, changed[ref.group] = &copied, &copied
		}
		text := ref.where + " is in namespace " + rules.Clip(ref.toNamespace) + ", and no ReferenceGrant there lets a " + r.object.Kind +
			" of this one refer to it: make one"
		unresolved.add(string(gatewayv1.RouteReasonRefNotPermitted), text)
		switch {
		case ref.mirror:
			of.mirrors[ref.index].Backend.Fault = text
		case ref.auth:
			external := *of.auth.External
			external.Backend.Fault = text
			of.auth = &rules.Auth{External: &external}
		default:
			of.backends[ref.index].Fault = text
		}
	}
	for _, of := range changed {
		for n := of.rules[0]; n < of.rules[1]; n++ {
			if !slices.Contains(of.closed, n) {
				list[n].Backends, list[n].Mirrors, list[n].Auth = of.backends, of.mirrors, of.auth
			}
		}
	}
	return list, unresolved
}
