// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"iter"
	"maps"
	"sync"
	"time"

	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// Store is what outlives a swap of pools: the endpoints with their idle connections, by namespace, address and TLS, and
// what is remembered of pools, by their id. All but Refresh is for one caller at a time.
type Store struct {
	dialer  *upstream.Dialer
	prober  *health.Prober
	targets map[upstream.Key]*Target
	// tls has what comes of the terms that pools speak TLS under.
	tls   *upstream.TLSStore
	pools map[string]*poolState

	mu sync.Mutex // guards checked, which is read at any time
	// checked are the pools that a task is in whose health is asked for, by its id.
	checked map[string]*poolList
}

// NewStore returns one that has nothing yet. The prober has the tasks whose health decides who takes requests.
func NewStore(dialer *upstream.Dialer, prober *health.Prober) *Store {
	return &Store{
		dialer:  dialer,
		prober:  prober,
		targets: make(map[upstream.Key]*Target),
		tls:     upstream.NewTLSStore(),
		pools:   make(map[string]*poolState),
		checked: make(map[string]*poolList),
	}
}

func (s *Store) target(key upstream.Key) *Target {
	t := s.targets[key]
	if t == nil {
		t = newTarget(key, s.dialer)
		s.targets[key] = t
	}
	return t
}

func (s *Store) pool(id string) *poolState {
	p := s.pools[id]
	if p == nil {
		p = new(poolState)
		s.pools[id] = p
	}
	return p
}

// poolsOf returns the list of the pools that a checked task is in.
func (s *Store) poolsOf(task string) *poolList {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.checked[task]
	if l == nil {
		l = new(poolList)
		s.checked[task] = l
	}
	return l
}

// Refresh has the pools that a checked task is in look at it again. It may be called at any time.
func (s *Store) Refresh(task string) {
	s.mu.Lock()
	l := s.checked[task]
	s.mu.Unlock()
	if l != nil {
		l.refresh()
	}
}

// NewPool compiles a pool, whose endpoints are those that other pools of its namespace have at the same address under
// the same terms. It fails where its authorities hold no certificate.
func (s *Store) NewPool(p *snapshot.Pool) (*Pool, error) {
	security, err := s.tls.Get(upstream.Terms(p.TLS))
	if err != nil {
		return nil, err
	}
	return newPool(p, security, s), nil
}

// At returns the endpoint of a key, or nil.
func (s *Store) At(key upstream.Key) *Target { return s.targets[key] }

// All are the endpoints that are kept.
func (s *Store) All() iter.Seq2[upstream.Key, *Target] { return maps.All(s.targets) }

// Kept is how many terms of TLS and different lists of authorities are kept.
func (s *Store) Kept() (terms, authorities int) { return s.tls.Size() }

// Expire closes what has been idle for too long by now.
func (s *Store) Expire(now time.Duration) {
	for _, t := range s.targets {
		t.Expire(now)
	}
}

// Retire has no endpoint keep a connection any more.
func (s *Store) Retire() {
	for _, t := range s.targets {
		t.Retire()
	}
}

// Adopt has the endpoints of pools take requests and tells them which pools they are in, now that pools take the place
// of those before, and then has the pools that need it look at the endpoints: whatever changes of an endpoint after
// that look refreshes its pools.
func (s *Store) Adopt(pools, before map[string]*Pool) {
	for _, p := range pools {
		for i := range p.members {
			if m := &p.members[i]; m.takesRequests() {
				m.Resume()
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

// KeepOnly forgets what none of the pools, which were compiled of list, needs any more. An endpoint that goes, or takes
// no new requests, closes its idle connections now and the busy ones as they become idle.
func (s *Store) KeepOnly(pools map[string]*Pool, list []snapshot.Pool) {
	listed := make(map[*Target]bool, len(s.targets)) // true: takes requests
	watched := make(map[*poolList]bool)
	for _, p := range pools {
		for i := range p.members {
			m := &p.members[i]
			listed[m.Target] = listed[m.Target] || m.takesRequests()
			watched[m.checkedIn] = true
		}
	}
	s.tls.KeepOnly(func(yield func(upstream.Terms) bool) {
		for i := range list {
			if !yield(upstream.Terms(list[i].TLS)) {
				return
			}
		}
	})
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
			e.Retire()
		}
	}
}

func (s *Store) keepChecked(watched map[*poolList]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.checked, func(_ string, l *poolList) bool { return !watched[l] })
}
