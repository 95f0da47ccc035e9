// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/condition"
	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/session"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Generation is a snapshot compiled for serving. It is immutable. Its pools and their endpoints have pointers to what
// changes while it serves.
type Generation struct {
	// Number is 0 for [Nothing]. Each generation that is compiled has the number of the one before plus 1.
	Number   uint64
	Snapshot *snapshot.Snapshot
	Identity *identity.Set
	// Router has the routes of connections that came to no listener of the snapshot.
	Router
	pools map[string]*balance.Pool
	// listeners have the routes of those that came to one, by its number.
	listeners map[int]*Router
	// numbers are those of the snapshot's listeners, by their addresses.
	numbers map[netip.AddrPort]int
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
	var err error
	if g.Router, err = g.compileHosts(hostsIn{list: s.Hosts}, hostsIn{list: before.Snapshot.Hosts, router: &before.Router}, before, state); err != nil {
		return nil, err
	}
	if err := g.compileListeners(before, state); err != nil {
		return nil, err
	}
	if g.Identity, err = state.identity.Compile(s); err != nil {
		return nil, err
	}
	g.Asking = g.Identity.Asking()
	for i := range s.Listeners {
		l := &s.Listeners[i]
		g.listeners[state.Listener(l)].Names = g.Identity.Names(l.Address)
	}
	return g, nil
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

// hostsIn are the hosts of one listener of a snapshot, or those that are no listener's.
type hostsIn struct {
	list []snapshot.Host
	// at is the listener's address. It is the zero value for the others.
	at netip.AddrPort
	// router has them compiled. Nil if they are not yet.
	router *Router
}

// compileHosts makes the router of some hosts. It takes tables from old, the same listener's hosts in the generation
// before.
func (g *Generation) compileHosts(hosts, old hostsIn, before *Generation, state *State) (Router, error) {
	tables := make([]*hostTable, len(hosts.list))
	for i := range hosts.list {
		h := &hosts.list[i]
		for len(old.list) > 0 && old.list[0].Name < h.Name {
			old.list = old.list[1:]
		}
		if len(old.list) > 0 && old.list[0].Equal(*h) && g.samePools(before, h) {
			tables[i] = old.router.host(h.Name)
			continue
		}
		var err error
		if tables[i], err = g.compileHost(h, hosts.at, state); err != nil {
			return Router{}, fmt.Errorf("host %q: %w", h.Name, err)
		}
	}
	router := newRouter(len(tables), hosts.at.IsValid())
	for _, i := range lessSpecificFirst(hosts.list) {
		router.add(&hosts.list[i], tables[i])
	}
	return router, nil
}

// lessSpecificFirst returns the indexes of hosts in the order that a router needs.
func lessSpecificFirst(hosts []snapshot.Host) []int {
	indexes := make([]int, len(hosts))
	for i := range indexes {
		indexes[i] = i
	}
	// Of an exact name, only what stands over it matters. So all exact names go last, and wildcards by their length.
	rank := func(h *snapshot.Host) int {
		if h.Exact() {
			return math.MaxInt
		}
		return len(h.Name)
	}
	slices.SortStableFunc(indexes, func(a, b int) int { return cmp.Compare(rank(&hosts[a]), rank(&hosts[b])) })
	return indexes
}

func (g *Generation) compileListeners(before *Generation, state *State) error {
	list, old := g.Snapshot.Listeners, before.Snapshot.Listeners
	if len(list) > 0 {
		g.numbers = make(map[netip.AddrPort]int, len(list))
		g.listeners = make(map[int]*Router, len(list))
	}
	for i := range list {
		hosts := hostsIn{list: list[i].Hosts, at: list[i].Address}
		for len(old) > 0 && old[0].Address.Compare(hosts.at) < 0 {
			old = old[1:]
		}
		number := state.Listener(&list[i])
		var former hostsIn
		if len(old) > 0 && old[0].Address == hosts.at && old[0].Owner == list[i].Owner {
			former = hostsIn{list: old[0].Hosts, router: before.At(number)}
		}
		router, err := g.compileHosts(hosts, former, before, state)
		if err != nil {
			return fmt.Errorf("listener %q: %w", hosts.at, err)
		}
		g.listeners[number], g.numbers[hosts.at] = &router, number
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
		for _, m := range h.Routes[i].Mirrors {
			if g.pools[m.Pool] == nil || g.pools[m.Pool] != before.pools[m.Pool] {
				return false
			}
		}
		if f := h.Routes[i].Fallback; f != nil && (g.pools[f.Pool] == nil || g.pools[f.Pool] != before.pools[f.Pool]) {
			return false
		}
		if !g.sameAuthServices(before, h.Routes[i].Policies) {
			return false
		}
		for b := range h.Routes[i].Backends {
			if !g.sameAuthServices(before, h.Routes[i].Backends[b].Policies) {
				return false
			}
		}
		for p := range h.Routes[i].ErrorPages {
			id := h.Routes[i].ErrorPages[p].Pool
			if g.pools[id] == nil || g.pools[id] != before.pools[id] {
				return false
			}
		}
	}
	return true
}

func (g *Generation) compileHost(h *snapshot.Host, at netip.AddrPort, state *State) (*hostTable, error) {
	if err := h.Inspect(); err != nil {
		return nil, err
	}
	t := newHostTable(len(h.Routes), h.RedirectHTTPS)
	site := h.Name
	if at.IsValid() { // The same host of two listeners is two.
		site = at.String() + " " + site
	}
	compiled, texts := make([]Route, len(h.Routes)), state.textsFor(t)
	for i := range h.Routes {
		r := &h.Routes[i]
		compiled[i] = Route{
			Names: observe.RouteNames{Rule: r.Rule, Path: r.Path}, Mark: state.markOf(site, r), Balancing: r.Balancing,
			Timeouts: r.Timeouts, Patience: r.Timeouts.Patience(), Repeatable: r.Timeouts.Repeatable(), Retries: r.Retries,
			Retry: compileRetry(r.Retry), Closed: r.Refuses(), Canonical: r.Canonical, EndsConnections: r.EndsConnections,
			AsksClients: slices.ContainsFunc(r.Policies, auth.AsksClients),
		}
		var err error
		if compiled[i].Backend, err = g.compileBackend(r, r.Pool, &compiled[i].Names, state, t); err != nil {
			return nil, fmt.Errorf("path %q: %w", r.Path, err)
		}
		var sessions []Backend
		if compiled[i].Backend.Pool != nil {
			sessions = []Backend{compiled[i].Backend}
		}
		if len(r.Backends) > 0 {
			if compiled[i].Split, sessions, err = g.compileSplit(site, h.Name, compiled[i].Mark, r, state, t); err != nil {
				return nil, fmt.Errorf("path %q: %w", r.Path, err)
			}
		}
		pools := make([]*balance.Pool, len(sessions))
		for i := range sessions {
			pools[i] = sessions[i].Pool
		}
		compiled[i].Sessions, compiled[i].SessionsAt = session.Compile(r, pools), sessions
		if len(r.Mirrors) > 0 {
			if compiled[i].Mirrors, err = g.compileMirrors(r, state, t); err != nil {
				return nil, fmt.Errorf("path %q: %w", r.Path, err)
			}
		}
		if compiled[i].Fallback, err = g.compileFallback(r, state, t); err != nil {
			return nil, fmt.Errorf("path %q: %w", r.Path, err)
		}
		if compiled[i].ErrorPages, err = g.compileErrorPages(r, state, t); err != nil {
			return nil, fmt.Errorf("path %q: %w", r.Path, err)
		}
		if len(r.Policies) > 0 {
			if compiled[i].Policies, err = policy.Compile(r.Policies, g.scopeIn(site, h.Name, compiled[i].Mark, r, wholeRoute, state, t)); err != nil {
				return nil, fmt.Errorf("path %q: %w", r.Path, err)
			}
		}
		if r.Match == snapshot.MatchText && !r.Refuses() {
			return nil, fmt.Errorf("path %q: a Text is for a route that is closed", r.Path)
		}
		conditions, err := condition.Compile(r.Conditions, texts.whole)
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", r.Path, err)
		}
		switch r.Match {
		case snapshot.MatchExpression:
			t.expressions, err = t.expressions.with(r.Path, r.Turn, conditions, &compiled[i], texts)
		case snapshot.MatchOpenExpression:
			t.open, err = t.open.with(r.Path, r.Turn, conditions, &compiled[i], state.partsFor(t))
		default:
			err = t.add(r.Path, r.Match, conditions, &compiled[i])
		}
		if err != nil {
			return nil, err
		}
	}
	t.finish()
	return t, nil
}

// At returns the router for the connections that came to the listener of a number. 0 is for those that came to none.
func (g *Generation) At(listener int) *Router {
	if listener == 0 {
		return &g.Router
	}
	if router := g.listeners[listener]; router != nil {
		return router
	}
	return &noRoutes
}

// noRoutes is for connections whose listener is not in the snapshot any more.
var noRoutes Router // nothing writes it

// ListenerAt returns the number of the snapshot's listener at an address. It is 0 if there is none.
func (g *Generation) ListenerAt(at netip.AddrPort) int { return g.numbers[at] }

// Routes returns the number of routes.
func (g *Generation) Routes() int {
	total := g.routes
	for i := range g.listeners {
		total += g.listeners[i].routes
	}
	return total
}

// each calls f with the table of every host.
func (g *Generation) each(f func(*hostTable)) {
	g.Router.each(f)
	for i := range g.listeners {
		g.listeners[i].each(f)
	}
}

// Pool returns the pool of an id, or nil.
func (g *Generation) Pool(id string) *balance.Pool { return g.pools[id] }

// EachSeries calls f with the series of all routes. It may call f several times with one series.
func (g *Generation) EachSeries(f func(*observe.Series)) {
	g.each(func(t *hostTable) {
		for _, s := range t.series {
			f(s)
		}
	})
}
