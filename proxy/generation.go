// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"slices"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// generation is a snapshot compiled for serving. It is immutable; what changes while it serves is behind the
// pointers of its pools and their endpoints.
type generation struct {
	number   uint64
	snapshot *snapshot.Snapshot
	pools    map[string]*balance.Pool
	router   router
	identity *identity.Set
}

// route is a compiled Route: what a request needs of it, without the snapshot's own memory.
type route struct {
	names     observe.RouteNames
	mark      []byte
	pool      *balance.Pool
	series    *observe.Series
	balancing snapshot.Balancing
	timeouts  snapshot.Timeouts
	// patience is how long the endpoint may be silent before it answers: the shorter of two timeouts, 0 for ever.
	patience time.Duration
	retries  int
	// closed has every request answered with RuleClosed.
	closed bool
	// policies are the steps of the route's policies.
	policies policy.Chain
}

// nothing is the generation before the first: every request gets 404.
func nothing() *generation {
	return &generation{snapshot: &snapshot.Snapshot{}, identity: &identity.Set{}}
}

// compile makes a generation of s. What is the same in the generation before is taken from it, so that a change costs
// what it changes, apart from the comparison. Running state is taken from and added to state, which
// is the caller's to lock.
func compile(s *snapshot.Snapshot, before *generation, state *state) (*generation, error) {
	g := &generation{number: before.number + 1, snapshot: s}
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
	g.identity, err = state.identity.Compile(s)
	return g, err
}

func (g *generation) compilePools(before *generation, state *state) error {
	g.pools = make(map[string]*balance.Pool, len(g.snapshot.Pools))
	old := before.snapshot.Pools
	for i := range g.snapshot.Pools {
		p := &g.snapshot.Pools[i]
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

func (g *generation) compileHosts(before *generation, state *state) error {
	tables := make([]*hostTable, len(g.snapshot.Hosts))
	old := before.snapshot.Hosts
	for i := range g.snapshot.Hosts {
		h := &g.snapshot.Hosts[i]
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
			if h := &g.snapshot.Hosts[i]; h.Exact() == exact {
				g.router.add(h.Name, h.Owner, t)
			}
		}
	}
	return nil
}

// samePools says whether the pools that a host's routes send to were taken from the generation before.
func (g *generation) samePools(before *generation, h *snapshot.Host) bool {
	for i := range h.Routes {
		if id := h.Routes[i].Pool; g.pools[id] == nil || g.pools[id] != before.pools[id] {
			return false
		}
	}
	return true
}

func (g *generation) compileHost(h *snapshot.Host, state *state) (*hostTable, error) {
	t := newHostTable(len(h.Routes), h.RedirectHTTPS)
	compiled := make([]route, len(h.Routes))
	for i := range h.Routes {
		r := &h.Routes[i]
		p := g.pools[r.Pool]
		if p == nil {
			return nil, fmt.Errorf("path %q: there is no pool %q", r.Path, r.Pool)
		}
		p.Require(r.Balancing.Policy)
		counted := state.metrics.Series(r.Rule.Ingress, p.Service)
		if !slices.Contains(t.series, counted) {
			t.series = append(t.series, counted)
		}
		compiled[i] = route{
			names: observe.RouteNames{Rule: r.Rule, Path: r.Path, Service: p.Service}, mark: state.markOf(h.Name, r), pool: p, series: counted, balancing: r.Balancing,
			timeouts: r.Timeouts, patience: r.Timeouts.Patience(), retries: r.Retries,
			closed: r.Refuses(),
		}
		if len(r.Policies) > 0 {
			var err error
			if compiled[i].policies, err = policy.Compile(r.Policies, state.scope(h.Name, r, t)); err != nil {
				return nil, fmt.Errorf("path %q: %w", r.Path, err)
			}
		}
		if r.Match == snapshot.MatchText && !r.Refuses() {
			return nil, fmt.Errorf("path %q: a Text is for a route that is closed", r.Path)
		}
		if err := t.add(r.Path, r.Match, &compiled[i]); err != nil {
			return nil, err
		}
	}
	t.finish()
	return t, nil
}

// find returns the route of a canonical host and of a path in some reading, or nil.
func (g *generation) find(host, path []byte, as canonical.Reading) *route {
	return g.router.find(host, path, as)
}

// ambiguous says whether a path that the rules read as found's is another rule's in any other reading, or none's at
// all, or has one that servers do not agree on. It returns buf, grown where that was needed.
func (g *generation) ambiguous(buf, host, path []byte, found *route) (bool, []byte) {
	return g.router.ambiguous(buf, host, path, found)
}

// redirected says whether plain requests for a canonical host are redirected to HTTPS.
func (g *generation) redirected(host []byte) bool { return g.router.redirected(host) }

// routeOf returns what a route of a host of the snapshot was compiled to. There is always one.
func (g *generation) routeOf(host string, r *snapshot.Route) *route {
	return g.router.host(host).route(r.Path, r.Match)
}

// routes is the number of routes.
func (g *generation) routes() int { return g.router.routes }

// pool returns the pool of an id, or nil.
func (g *generation) pool(id string) *balance.Pool { return g.pools[id] }

// eachSeries calls f with the series of all routes.
func (g *generation) eachSeries(f func(*observe.Series)) {
	g.router.each(func(t *hostTable) {
		for _, s := range t.series {
			f(s)
		}
	})
}
