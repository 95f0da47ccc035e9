// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"hash/maphash"

	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// state is what outlives a swap of the generation: the endpoints with their idle connections, by namespace, address and
// TLS, what is remembered of pools, by their id, what policies keep for routes, the parsed certificates and what
// answers challenges. It is changed only while a snapshot is applied.
type state struct {
	transports *transportConfig
	prober     *prober
	metrics    *metrics
	targets    map[endpointKey]*target
	securities map[securityTerms]*upstreamTLS
	// authorities are those that securities have.
	authorities authorities
	pools       map[string]*poolState
	// kept is what policies keep for routes.
	kept map[keptBy]any
	// limiter counts what clients use of rate limits.
	limiter *policy.Limiter
	// seed is what the marks of routes are made of.
	seed     maphash.Seed
	identity *identity.Store
}

func newState(config *transportConfig, prober *prober) *state {
	return &state{
		transports:  config,
		prober:      prober,
		metrics:     newMetrics(),
		targets:     make(map[endpointKey]*target),
		securities:  make(map[securityTerms]*upstreamTLS),
		authorities: make(authorities),
		pools:       make(map[string]*poolState),
		kept:        make(map[keptBy]any),
		limiter:     policy.NewLimiter(),
		identity:    identity.NewStore(),
		seed:        maphash.MakeSeed(),
	}
}

func (s *state) target(key endpointKey) *target {
	t := s.targets[key]
	if t == nil {
		t = newTarget(key, s.transports)
		s.targets[key] = t
	}
	return t
}

// security returns the parsed form of u, the same one for the same terms, and nil for none.
func (s *state) security(u *snapshot.UpstreamTLS) (*upstreamTLS, error) {
	if *u == (snapshot.UpstreamTLS{}) {
		return nil, nil
	}
	terms, err := s.terms(u)
	if err != nil {
		return nil, err
	}
	known := s.securities[terms]
	if known == nil {
		known = newUpstreamTLS(&terms)
		s.securities[terms] = known
	}
	return known, nil
}

func (s *state) terms(u *snapshot.UpstreamTLS) (terms securityTerms, err error) {
	terms.serverName, terms.skipVerify = u.ServerName, u.SkipVerify
	if u.Authorities != "" {
		terms.authorities, err = s.authorities.parse(u.Authorities)
	}
	return terms, err
}

func (s *state) pool(id string) *poolState {
	p := s.pools[id]
	if p == nil {
		p = new(poolState)
		s.pools[id] = p
	}
	return p
}

// adopt has the endpoints of g take requests and tells them which pools they are in, now that g takes the place of
// before, and then has the pools that need it look at the endpoints: whatever changes of an endpoint after that look
// refreshes its pools.
func (s *state) adopt(g, before *generation) {
	for _, p := range g.pools {
		for i := range p.members {
			if m := &p.members[i]; m.takesRequests() {
				m.resume()
			}
		}
	}
	for id, p := range before.pools {
		if g.pools[id] != p {
			p.leave()
		}
	}
	for id, p := range g.pools {
		if before.pools[id] != p {
			p.join()
		}
		if p.isStale() {
			p.refresh()
		}
	}
}

// keptBy is what a policy's memory is known by: the route, and the policy's own key.
type keptBy struct {
	ingress, host, path string
	match               snapshot.PathMatch
	key                 any
}

// scope is what the policies of a host's route are compiled for. The table is told what they keep.
func (s *state) scope(host string, r *snapshot.Route, table *hostTable) *policy.Scope {
	return &policy.Scope{
		Limiter: s.limiter,
		Kept: func(key any, first func() any) any {
			by := keptBy{ingress: r.Rule.Ingress, host: host, path: r.Path, match: r.Match, key: key}
			value, ok := s.kept[by]
			if !ok {
				value = first()
				s.kept[by] = value
			}
			table.kept = append(table.kept, by)
			return value
		},
	}
}

// keepOnly forgets what nothing in a generation needs any more. An endpoint that goes, or takes no new
// requests, closes its idle connections now and the busy ones as they become idle.
func (s *state) keepOnly(g *generation) {
	snapshot := g.snapshot
	s.prober.adopt(snapshot.Checks)
	listed := make(map[*target]bool, len(s.targets)) // true: takes requests
	for _, p := range g.pools {
		for i := range p.members {
			m := &p.members[i]
			listed[m.target] = listed[m.target] || m.takesRequests()
		}
	}
	securities := make(map[securityTerms]bool)
	for i := range snapshot.Pools {
		if terms, err := s.terms(&snapshot.Pools[i].TLS); err == nil {
			securities[terms] = true
		}
	}
	for terms := range s.securities {
		if !securities[terms] {
			delete(s.securities, terms)
		}
	}
	s.authorities.keepOnly(func(yield func(string) bool) {
		for i := range snapshot.Pools {
			if !yield(snapshot.Pools[i].TLS.Authorities) {
				return
			}
		}
	})
	kept := make(map[keptBy]bool, len(s.kept))
	g.router.each(func(t *hostTable) {
		for _, by := range t.kept {
			kept[by] = true
		}
	})
	for by := range s.kept {
		if !kept[by] {
			delete(s.kept, by)
		}
	}
	s.identity.KeepOnly(snapshot)
	for id, p := range s.pools {
		if g.pools[id] == nil {
			delete(s.pools, id)
		}
		p.queue.wake() // who waits there may find other endpoints, or that the pool is gone
	}
	for key, e := range s.targets {
		takes, ok := listed[e]
		if !ok {
			delete(s.targets, key)
		}
		if !takes {
			e.retire()
		}
	}
}
