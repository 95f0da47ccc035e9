// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Generation is a snapshot compiled for serving. It is immutable. Its pools and their endpoints have pointers to what
// changes while it serves.
type Generation struct {
	// Number is 0 for [Nothing]. Each generation that is compiled has the number of the one before plus 1.
	Number   uint64
	Snapshot *snapshot.Snapshot
	Identity *identity.Set
	pools    map[string]*balance.Pool
	router   router
}

// Nothing returns the generation before the first. It has no routes, so every request gets 404.
func Nothing() *Generation {
	return &Generation{Snapshot: &snapshot.Snapshot{}, Identity: &identity.Set{}}
}

// Compile makes a generation of s. It takes the pools and hosts that are the same from the generation before. So a
// change costs what it changes, plus the comparison. Compile takes what outlives a generation from state and adds to
// it. The caller has to lock state.
//
// Compile fails if s does not pass [snapshot.Snapshot.Inspect] or [snapshot.Host.Inspect], or if a part of it does not
// compile. The error names the pool, the host and path, the certificate or the challenge.
func Compile(s *snapshot.Snapshot, before *Generation, state *State) (*Generation, error) {
	g := &Generation{Number: before.Number + 1, Snapshot: s}
	if err := s.Inspect(); err != nil {
		return nil, err
	}
	if err := g.compilePools(before, state); err != nil {
		return nil, err
	}
	if err := g.compileHosts(before, state); err != nil {
		return nil, err
	}
	var err error
	g.Identity, err = state.identity.Compile(s)
	return g, err
}

func (g *Generation) compilePools(before *Generation, state *State) error {
	g.pools = make(map[string]*balance.Pool, len(g.Snapshot.Pools))
	old := before.Snapshot.Pools
	for i := range g.Snapshot.Pools {
		p := &g.Snapshot.Pools[i]
		for len(old) > 0 && old[0].ID < p.ID {
			old = old[1:]
		}
		if len(old) > 0 && old[0].Equal(*p) {
			g.pools[p.ID] = before.pools[p.ID]
		} else {
			var err error
			if g.pools[p.ID], err = state.NewPool(p); err != nil {
				return fmt.Errorf("pool %q: %w", p.ID, err)
			}
		}
	}
	return nil
}

func (g *Generation) compileHosts(before *Generation, state *State) error {
	tables := make([]*hostTable, len(g.Snapshot.Hosts))
	old := before.Snapshot.Hosts
	for i := range g.Snapshot.Hosts {
		h := &g.Snapshot.Hosts[i]
		for len(old) > 0 && old[0].Name < h.Name {
			old = old[1:]
		}
		if len(old) > 0 && old[0].Equal(*h) && g.samePools(before, h) {
			tables[i] = before.router.host(h.Name)
			continue
		}
		var err error
		if tables[i], err = g.compileHost(h, state); err != nil {
			return fmt.Errorf("host %q: %w", h.Name, err)
		}
	}
	g.router = newRouter(len(tables))
	// The router needs less specific hosts first. The name of the one for every host is empty and comes before all others.
	for _, exact := range [...]bool{false, true} {
		for i, t := range tables {
			if h := &g.Snapshot.Hosts[i]; h.Exact() == exact {
				g.router.add(h.Name, h.Owner, t)
			}
		}
	}
	return nil
}

// samePools says whether all pools of a host's routes were taken from the generation before.
func (g *Generation) samePools(before *Generation, h *snapshot.Host) bool {
	for i := range h.Routes {
		for id := range h.Routes[i].Pools() {
			if g.pools[id] == nil || g.pools[id] != before.pools[id] {
				return false
			}
		}
	}
	return true
}

func (g *Generation) compileHost(h *snapshot.Host, state *State) (*hostTable, error) {
	if err := h.Inspect(); err != nil {
		return nil, err
	}
	t := newHostTable(len(h.Routes), h.RedirectHTTPS)
	compiled := make([]Route, len(h.Routes))
	for i := range h.Routes {
		r := &h.Routes[i]
		compiled[i] = Route{
			Names: observe.RouteNames{Rule: r.Rule, Path: r.Path}, Mark: state.markOf(h.Name, r), Balancing: r.Balancing,
			Timeouts: r.Timeouts, Patience: r.Timeouts.Patience(), Repeatable: r.Timeouts.Repeatable(), Retries: r.Retries,
			Closed: r.Refuses(), Canonical: r.Canonical,
		}
		var err error
		if compiled[i].Backend, err = g.compileBackend(r, r.Pool, &compiled[i].Names, state, t); err != nil {
			return nil, fmt.Errorf("path %q: %w", r.Path, err)
		}
		if len(r.Backends) > 0 {
			if compiled[i].Split, err = g.compileSplit(h.Name, r, state, t); err != nil {
				return nil, fmt.Errorf("path %q: %w", r.Path, err)
			}
		}
		if len(r.Policies) > 0 {
			if compiled[i].Policies, err = policy.Compile(r.Policies, state.scope(h.Name, r, wholeRoute, t)); err != nil {
				return nil, fmt.Errorf("path %q: %w", r.Path, err)
			}
		}
		if r.Match == snapshot.MatchText && !r.Refuses() {
			return nil, fmt.Errorf("path %q: a Text is for a route that is closed", r.Path)
		}
		conditions, err := compileConditions(r.Conditions)
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", r.Path, err)
		}
		if err := t.add(r.Path, r.Match, r.Turn, conditions, &compiled[i]); err != nil {
			return nil, err
		}
	}
	t.finish()
	return t, nil
}

// Find returns the route of a request, or nil. host is canonical. path is the canonical path in the reading as. Of req,
// Find reads only the method, the fields and the query. It reads them only if a route of the host and path has
// conditions.
func (g *Generation) Find(req *message.Request, host, path []byte, as canonical.Reading) *Route {
	return g.router.find(req, host, path, as)
}

// Ambiguous says whether a request takes another route than found, or none, in some other reading of its path. It also
// returns true if servers do not agree on a reading. found is the route that [Generation.Find] returns for the path as
// it is. buf is memory for the readings. Ambiguous returns it, grown if needed.
func (g *Generation) Ambiguous(req *message.Request, buf, host, path []byte, found *Route) (bool, []byte) {
	return g.router.ambiguous(req, buf, host, path, found)
}

// Redirected says whether plain requests for a canonical host are redirected to HTTPS.
func (g *Generation) Redirected(host []byte) bool { return g.router.redirected(host) }

// Compiled returns the compiled form of r, a route of the snapshot. host is the name of its host. There is always one.
func (g *Generation) Compiled(host string, r *snapshot.Route) *Route {
	return g.router.host(host).route(r.Path, r.Match, r.Conditions)
}

// Routes returns the number of routes.
func (g *Generation) Routes() int { return g.router.routes }

// Pool returns the pool of an id, or nil.
func (g *Generation) Pool(id string) *balance.Pool { return g.pools[id] }

// EachSeries calls f with the series of all routes. It may call f several times with one series.
func (g *Generation) EachSeries(f func(*observe.Series)) {
	g.router.each(func(t *hostTable) {
		for _, s := range t.series {
			f(s)
		}
	})
}
