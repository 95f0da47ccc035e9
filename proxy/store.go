// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"maps"
	"sync"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// store is what outlives a swap of pools: the endpoints with their idle connections, by namespace, address and TLS, and
// what is remembered of pools, by their id. It is changed only while a snapshot is applied.
type store struct {
	transports *transportConfig
	prober     *prober
	targets    map[endpointKey]*target
	securities map[securityTerms]*upstreamTLS
	// authorities are those that securities have.
	authorities authorities
	pools       map[string]*poolState

	mu sync.Mutex // guards checked, which is read at any time
	// checked are the pools that a task is in whose health is asked for, by its id.
	checked map[string]*poolList
}

func newStore(config *transportConfig, prober *prober) *store {
	return &store{
		transports:  config,
		prober:      prober,
		targets:     make(map[endpointKey]*target),
		securities:  make(map[securityTerms]*upstreamTLS),
		authorities: make(authorities),
		pools:       make(map[string]*poolState),
		checked:     make(map[string]*poolList),
	}
}

func (s *store) target(key endpointKey) *target {
	t := s.targets[key]
	if t == nil {
		t = newTarget(key, s.transports)
		s.targets[key] = t
	}
	return t
}

// security returns the parsed form of u, the same one for the same terms, and nil for none.
func (s *store) security(u *snapshot.UpstreamTLS) (*upstreamTLS, error) {
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

func (s *store) terms(u *snapshot.UpstreamTLS) (terms securityTerms, err error) {
	terms.serverName, terms.skipVerify = u.ServerName, u.SkipVerify
	if u.Authorities != "" {
		terms.authorities, err = s.authorities.parse(u.Authorities)
	}
	return terms, err
}

func (s *store) pool(id string) *poolState {
	p := s.pools[id]
	if p == nil {
		p = new(poolState)
		s.pools[id] = p
	}
	return p
}

// poolsOf returns the list of the pools that a checked task is in.
func (s *store) poolsOf(task string) *poolList {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.checked[task]
	if l == nil {
		l = new(poolList)
		s.checked[task] = l
	}
	return l
}

// refresh has the pools that a checked task is in look at it again. It may be called at any time.
func (s *store) refresh(task string) {
	s.mu.Lock()
	l := s.checked[task]
	s.mu.Unlock()
	if l != nil {
		l.refresh()
	}
}

// adopt has the endpoints of pools take requests and tells them which pools they are in, now that pools take the place
// of those before, and then has the pools that need it look at the endpoints: whatever changes of an endpoint after
// that look refreshes its pools.
func (s *store) adopt(pools, before map[string]*pool) {
	for _, p := range pools {
		for i := range p.members {
			if m := &p.members[i]; m.takesRequests() {
				m.resume()
			}
		}
	}
	for id, p := range before {
		if pools[id] != p {
			p.leave()
		}
	}
	for id, p := range pools {
		if before[id] != p {
			p.join()
		}
		if p.isStale() {
			p.refresh()
		}
	}
}

// keepOnly forgets what none of the pools, which were compiled of list, needs any more. An endpoint that goes, or takes
// no new requests, closes its idle connections now and the busy ones as they become idle.
func (s *store) keepOnly(pools map[string]*pool, list []snapshot.Pool) {
	listed := make(map[*target]bool, len(s.targets)) // true: takes requests
	watched := make(map[*poolList]bool)
	for _, p := range pools {
		for i := range p.members {
			m := &p.members[i]
			listed[m.target] = listed[m.target] || m.takesRequests()
			watched[m.checkedIn] = true
		}
	}
	s.keepSecurities(list)
	s.keepChecked(watched)
	for id, p := range s.pools {
		if pools[id] == nil {
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

// keepSecurities forgets the terms that no pool of a snapshot has, and what was parsed for them.
func (s *store) keepSecurities(list []snapshot.Pool) {
	securities := make(map[securityTerms]bool)
	for i := range list {
		if terms, err := s.terms(&list[i].TLS); err == nil {
			securities[terms] = true
		}
	}
	maps.DeleteFunc(s.securities, func(terms securityTerms, _ *upstreamTLS) bool { return !securities[terms] })
	s.authorities.keepOnly(func(yield func(string) bool) {
		for i := range list {
			if !yield(list[i].TLS.Authorities) {
				return
			}
		}
	})
}

func (s *store) keepChecked(watched map[*poolList]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.checked, func(_ string, l *poolList) bool { return !watched[l] })
}
