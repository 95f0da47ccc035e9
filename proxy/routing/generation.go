// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/condition"
	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/lookup"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/session"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Generation is a snapshot compiled for serving. It is immutable, and shares what is the same with the one before and
// the one after. Its pools and their endpoints have pointers to what changes while it serves.
type Generation struct {
	// Number is 0 for [Nothing]. Each generation that is compiled has the number of the one before plus 1.
	Number   uint64
	Snapshot *snapshot.Snapshot
	Identity *identity.Set
	// Router has the routes of connections that came to no listener of the snapshot.
	Router
	pools lookup.Table[*balance.Pool]
	// listeners have the routes of those that came to one, by its number.
	listeners map[int]*Router
	// numbers are those of the snapshot's listeners, by their addresses.
	numbers map[netip.AddrPort]int
}

// Nothing returns the generation before the first. It has no routes, so every request gets 404.
func Nothing() *Generation {
	return &Generation{Snapshot: &snapshot.Snapshot{}, Identity: &identity.Set{}}
}

// Compile makes a generation of s. It compiles the pools, hosts and certificates that differ from the generation
// before, and the hosts whose pools differ. It shares all else with that, so a change costs what it changes. If nothing
// differs, it returns the generation before, with its number and the memory of s. Compile takes what outlives a
// generation from state and adds to it. The caller has to lock state, which [State.KeepOnly] was last called on with
// before.
//
// Compile fails if s does not pass [snapshot.Snapshot.Inspect] or [snapshot.Host.Inspect], or if a part of it does not
// compile. The error names the pool, the host and path, the certificate or the challenge.
func Compile(s *snapshot.Snapshot, before *Generation, state *State) (*Generation, error) {
	state.latest = nil
	changes, err := snapshot.Compare(before.Snapshot, s)
	if err != nil {
		return nil, err
	}
	if changes.None() && before.Number > 0 {
		g := *before
		g.Snapshot = s
		return &g, nil
	}
	g := &Generation{Number: before.Number + 1, Snapshot: s}
	n := &succession{of: g, changes: changes}
	if err := n.compilePools(before, state); err != nil {
		return nil, err
	}
	if g.Router, err = n.compileHosts(hostsIn{list: s.Hosts}, changes.Hosts, &before.Router, state); err != nil {
		return nil, err
	}
	if err := n.compileListeners(before, state); err != nil {
		return nil, err
	}
	if g.Identity, err = state.identity.Compile(s, changes, before.Identity); err != nil {
		return nil, err
	}
	g.Asking = g.Identity.Asking()
	for i := range s.Listeners {
		number, names := g.numbers[s.Listeners[i].Address], g.Identity.Names(s.Listeners[i].Address)
		if g.listeners[number].Names != names {
			router := *g.listeners[number] // It may be that of the generation before.
			router.Names = names
			g.listeners[number] = &router
		}
	}
	state.latest = n
	return g, nil
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
func (g *Generation) Pool(id string) *balance.Pool {
	pool, _ := g.pools.Get(id)
	return pool
}

// poolFor is Pool for a host that is compiled. It notes in the table that the host has to be compiled anew if there is
// another pool of that id.
func (g *Generation) poolFor(id string, t *hostTable) *balance.Pool {
	if !slices.Contains(t.pools, id) {
		t.pools = append(t.pools, id)
	}
	return g.Pool(id)
}

// compileHost makes the table of a host of a listener.
func (g *Generation) compileHost(h *snapshot.Host, of hostsIn, state *State) (*hostTable, error) {
	if err := h.Inspect(); err != nil {
		return nil, err
	}
	t := newHostTable(h, of.listener)
	site := h.Name
	if of.listener != 0 { // The same host of two listeners is two.
		site = of.at.String() + " " + site
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
		if compiled[i].Backend.Pool != nil && r.Persistence != nil {
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
