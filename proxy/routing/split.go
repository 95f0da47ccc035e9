// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Backend is what a request is sent to.
type Backend struct {
	// Pool is nil if the backend cannot be used.
	Pool *balance.Pool
	// Names and Series are those that its requests are logged and counted under.
	Names  *observe.RouteNames
	Series *observe.Series
	// Policies are the steps of the backend's own policies. They come after those of the route.
	Policies policy.Chain
}

// Split shares requests among backends by their weights. It is immutable.
type Split struct {
	// backends are those with a weight, in the order of the rule. ends has for each the sum of the weights up to it.
	backends []Backend
	ends     []uint64
}

// Choose returns the backend that a number leads to. Numbers that are spread evenly lead to each backend as often as
// its weight says. The same number leads to the same backend as long as the weights are the same. It returns nil if no
// backend has a weight.
func (s *Split) Choose(number uint64) *Backend {
	last := len(s.ends) - 1
	if last < 0 {
		return nil
	}
	at, _ := bits.Mul64(number, s.ends[last]) // below the sum of all weights
	for i := range last {
		if at < s.ends[i] {
			return &s.backends[i]
		}
	}
	return &s.backends[last]
}

// Heaviest returns the backend with the greatest weight, the first of several. It returns nil if no backend has a
// weight.
func (s *Split) Heaviest() (heaviest *Backend) {
	var begin, most uint64
	for i, end := range s.ends {
		if end-begin > most {
			most, heaviest = end-begin, &s.backends[i]
		}
		begin = end
	}
	return heaviest
}

// compileSplit compiles the backends of a route, whose host has a name and whose mark there is already. It also
// returns those that sessions may be at, if any are kept: a weight of 0 keeps new sessions away, and no others.
func (g *Generation) compileSplit(
	site, name string, mark []byte, r *snapshot.Route, state *State, t *hostTable,
) (s *Split, sessions []Backend, err error) {
	s = new(Split)
	sum := uint64(0)
	for i := range r.Backends {
		b := &r.Backends[i]
		if b.Weight == 0 && (r.Persistence == nil || b.Pool == "") {
			continue
		}
		compiled, err := g.compileBackend(r, b.Pool, &observe.RouteNames{Rule: r.Rule, Path: r.Path}, state, t)
		if err != nil {
			return nil, nil, err
		}
		if len(b.Policies) > 0 {
			if compiled.Policies, err = policy.Compile(b.Policies, g.scopeIn(site, name, mark, r, i, state, t)); err != nil {
				return nil, nil, fmt.Errorf("backend %d: %w", i, err)
			}
		}
		if r.Persistence != nil && compiled.Pool != nil {
			sessions = append(sessions, compiled)
		}
		if b.Weight > 0 {
			sum += uint64(b.Weight)
			s.backends, s.ends = append(s.backends, compiled), append(s.ends, sum)
		}
	}
	return s, sessions, nil
}

// compileBackend returns the backend that a pool serves, and puts the pool's service into its names. If id is empty, it
// has no pool.
func (g *Generation) compileBackend(r *snapshot.Route, id string, names *observe.RouteNames, state *State, t *hostTable) (Backend, error) {
	b := Backend{Names: names}
	if id != "" {
		if b.Pool = g.poolFor(id, t); b.Pool == nil {
			return b, fmt.Errorf("there is no pool %q", id)
		}
		b.Pool.Require(r.Balancing.Policy)
		b.Names.Service = b.Pool.Service
	}
	b.Series = state.series(r.Rule.Ingress, b.Names.Service, t)
	return b, nil
}

// series returns what counts the requests from an Ingress to a service, and notes in the table that it is needed.
func (s *State) series(ingress, service string, t *hostTable) *observe.Series {
	series := s.Metrics.Series(ingress, service)
	if !slices.Contains(t.series, series) {
		t.series = append(t.series, series)
	}
	return series
}
