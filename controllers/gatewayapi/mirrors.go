// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"
	"strconv"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
)

// readMirrors reads who gets copies of a group's requests. What the filters refer to in vain gets none.
func (r *Route) readMirrors(g *group, where string, filters []gatewayv1.HTTPRouteFilter) (wrong finding) {
	for i := range filters {
		from := filters[i].RequestMirror
		if filters[i].Type != gatewayv1.HTTPRouteFilterRequestMirror || from == nil {
			continue
		}
		at := where + ".filters[" + strconv.Itoa(i) + "].requestMirror"
		m := rules.Mirror{Numerator: 1, Denominator: 1}
		switch {
		case from.Percent != nil:
			m.Numerator, m.Denominator = *from.Percent, 100
		case from.Fraction != nil:
			m.Numerator, m.Denominator = from.Fraction.Numerator, or(from.Fraction.Denominator, 100)
		}
		if m.Denominator < 1 || m.Numerator < 0 || m.Numerator > m.Denominator {
			return unsupported(at + " copies " + strconv.Itoa(int(m.Numerator)) + "/" + strconv.Itoa(int(m.Denominator)) + " of the requests: write 0 to all of them")
		}
		var needs reference
		if m.Backend, needs = r.readBackend(at+".backendRef", &from.BackendRef); needs.toName != "" {
			r.refs = append(r.refs, backendRef{group: len(r.groups), mirror: true, index: len(g.mirrors), where: at + ".backendRef", reference: needs})
		}
		m.Backend.MustExist = true // Without it, copies would be sent to nothing.
		g.mirrors = append(g.mirrors, m)
	}
	for n := g.rules[0]; n < g.rules[1]; n++ {
		if !slices.Contains(g.closed, n) {
			r.rules[n].Mirrors = g.mirrors
		}
	}
	return finding{}
}
