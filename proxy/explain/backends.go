// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"
	"strings"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// backendsOf describes the backends that share a route's requests. It returns nil if one pool gets all of them.
func backendsOf(g *routing.Generation, r *snapshot.Route) []explanation.Backend {
	if r == nil || len(r.Backends) == 0 {
		return nil
	}
	sum := 0
	for i := range r.Backends {
		sum += r.Backends[i].Weight
	}
	list := make([]explanation.Backend, len(r.Backends))
	for i := range r.Backends {
		from := &r.Backends[i]
		list[i] = explanation.Backend{Pool: from.Pool, Weight: from.Weight}
		if from.Pool != "" {
			list[i].Service = g.Pool(from.Pool).Service
		}
		if sum > 0 {
			list[i].Share = float64(from.Weight) / float64(sum)
		}
	}
	return list
}

// mirrorsOf describes what gets copies of a route's requests.
func mirrorsOf(g *routing.Generation, r *snapshot.Route) []explanation.Mirror {
	if r == nil {
		return nil
	}
	var list []explanation.Mirror
	for _, m := range r.Mirrors {
		share := float64(m.Numerator) / float64(m.Denominator)
		list = append(list, explanation.Mirror{Pool: m.Pool, Service: g.Pool(m.Pool).Service, Share: share, Host: m.Host, Bare: m.Bare})
	}
	return list
}

// errorPagesOf describes what has pages for a route's responses.
func errorPagesOf(g *routing.Generation, r *snapshot.Route) []explanation.ErrorPage {
	if r == nil {
		return nil
	}
	var list []explanation.ErrorPage
	for i := range r.ErrorPages {
		p := &r.ErrorPages[i]
		list = append(list, explanation.ErrorPage{Pool: p.Pool, Service: g.Pool(p.Pool).Service, Statuses: p.Statuses, Path: p.Path, Handles: p.Handles})
	}
	return list
}

// fallbackOf describes what gets the requests of a route that no endpoint takes. It returns nil if nothing does.
func fallbackOf(g *routing.Generation, r *snapshot.Route) *explanation.Fallback {
	if r == nil || r.Fallback == nil {
		return nil
	}
	return &explanation.Fallback{Pool: r.Fallback.Pool, Service: g.Pool(r.Fallback.Pool).Service}
}

// servicesOf lists the services that a route leads to, each once, with spaces between them.
func servicesOf(g *routing.Generation, r *snapshot.Route) string {
	var names []string
	for id := range r.Pools() {
		if name := g.Pool(id).Service; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// poolsOf lists the pools that a route leads to, each once, with spaces between them. No id has one.
func poolsOf(r *snapshot.Route) string {
	var ids []string
	for id := range r.Pools() {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return strings.Join(ids, " ")
}

// answersBy names the policy that answers every request of a route. It is empty if there is none.
func answersBy(r *snapshot.Route) string {
	if i := slices.IndexFunc(r.Policies, policy.IsAnswer); i >= 0 {
		return r.Policies[i].Name()
	}
	return ""
}

// proofOf says for people what an endpoint of a pool has to prove before it gets a request for a host. It is empty
// without TLS.
func proofOf(p *balance.Pool, host []byte) string {
	if p.TLS == (snapshot.UpstreamTLS{}) {
		return ""
	}
	name, fromRequest := p.ServerName(host)
	if fromRequest {
		name += ", the request's host,"
	}
	if p.TLS.AltNames != "" {
		name = strings.ReplaceAll(p.TLS.AltNames, " ", " or ") + ", asked for as " + name + ","
	}
	switch {
	case p.TLS.SkipVerify:
		return "any certificate, asked for as " + strings.TrimSuffix(name, ",")
	case p.TLS.Authorities == "":
		return "a certificate for " + name + " from an authority of the system's"
	}
	return "a certificate for " + name + " from an authority of the rule's"
}
