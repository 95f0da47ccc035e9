// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"
	"slices"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Generation is a snapshot compiled for serving. It is immutable; what changes while it serves is behind the
// pointers of its pools and their endpoints.
type Generation struct {
	// Number is 0 for [Nothing], and one more for each generation that was compiled after another.
	Number   uint64
	Snapshot *snapshot.Snapshot
	Identity *identity.Set
	pools    map[string]*balance.Pool
	router   router
}

// Nothing is the generation before the first: every request gets 404.
func Nothing() *Generation {
	return &Generation{Snapshot: &snapshot.Snapshot{}, Identity: &identity.Set{}}
}

// Compile makes a generation of s. What is the same in the generation before is taken from it, so that a change costs
// what it changes, apart from the comparison. Running state is taken from and added to state, which
// is the caller's to lock.
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
	for _, exact := range [...]bool{false, true} { // that for every host is the first of all
		for i, t := range tables {
			if h := &g.Snapshot.Hosts[i]; h.Exact() == exact {
				g.router.add(h.Name, h.Owner, t)
			}
		}
	}
	return nil
}

// samePools says whether the pools that a host's routes send to were taken from the generation before.
func (g *Generation) samePools(before *Generation, h *snapshot.Host) bool {
	for i := range h.Routes {
		if id := h.Routes[i].Pool; g.pools[id] == nil || g.pools[id] != before.pools[id] {
			return false
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
		p := g.pools[r.Pool]
		if p == nil {
			return nil, fmt.Errorf("path %q: there is no pool %q", r.Path, r.Pool)
		}
		p.Require(r.Balancing.Policy)
		counted := state.Metrics.Series(r.Rule.Ingress, p.Service)
		if !slices.Contains(t.series, counted) {
			t.series = append(t.series, counted)
		}
		compiled[i] = Route{
			Names: observe.RouteNames{Rule: r.Rule, Path: r.Path, Service: p.Service}, Mark: state.markOf(h.Name, r), Pool: p, Series: counted, Balancing: r.Balancing,
			Timeouts: r.Timeouts, Patience: r.Timeouts.Patience(), Retries: r.Retries,
			Closed: r.Refuses(),
		}
		if len(r.Policies) > 0 {
			var err error
			if compiled[i].Policies, err = policy.Compile(r.Policies, state.scope(h.Name, r, t)); err != nil {
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
		if err := t.add(r.Path, r.Match, conditions, &compiled[i]); err != nil {
			return nil, err
		}
	}
	t.finish()
	return t, nil
}

// Find returns the route of a request for a canonical host and for a path in some reading, or nil. Of the request
// itself it looks at the method, the fields and the query, and it does so only if a route of the host and path has
// conditions.
func (g *Generation) Find(req *message.Request, host, path []byte, as canonical.Reading) *Route {
	return g.router.find(req, host, path, as)
}

// Ambiguous says whether a request that the rules read as found's is another rule's with its path in any other reading,
// or none's at all, or has one that servers do not agree on. It returns buf, grown where that was needed.
func (g *Generation) Ambiguous(req *message.Request, buf, host, path []byte, found *Route) (bool, []byte) {
	return g.router.ambiguous(req, buf, host, path, found)
}

// Redirected says whether plain requests for a canonical host are redirected to HTTPS.
func (g *Generation) Redirected(host []byte) bool { return g.router.redirected(host) }

// Compiled returns what a route of a host of the snapshot was compiled to. There is always one.
func (g *Generation) Compiled(host string, r *snapshot.Route) *Route {
	return g.router.host(host).route(r.Path, r.Match, r.Conditions)
}

// Routes is the number of routes.
func (g *Generation) Routes() int { return g.router.routes }

// Pool returns the pool of an id, or nil.
func (g *Generation) Pool(id string) *balance.Pool { return g.pools[id] }

// EachSeries calls f with the series of all routes.
func (g *Generation) EachSeries(f func(*observe.Series)) {
	g.router.each(func(t *hostTable) {
		for _, s := range t.series {
			f(s)
		}
	})
}
