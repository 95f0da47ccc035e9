// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"iter"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/upstream"
	"github.com/warren-dev/ingress/proxy/upstream/tlsterms"
)

// Store is what outlives a swap of pools. It has the endpoints with their idle connections, by namespace, address and
// TLS. It has what is remembered of pools, by id. Only one goroutine may use it at a time, but any may call Refresh.
type Store struct {
	dialer  *upstream.Dialer
	prober  *health.Prober
	targets map[upstream.Key]*Target
	// tls makes TLS from the terms of pools.
	tls   *tlsterms.Store
	pools map[string]*poolState
	// memories has what requests take of memory, by the namespace of the pools.
	memories map[string]*memory

	mu sync.Mutex // guards checked, which Refresh reads at any time
	// checked has the pools that a checked task is in, by the task's id.
	checked map[string]*poolList
}

// NewStore returns an empty store. The prober has the tasks whose health decides whether they take requests.
func NewStore(dialer *upstream.Dialer, prober *health.Prober) *Store {
	return &Store{
		dialer:   dialer,
		prober:   prober,
		targets:  make(map[upstream.Key]*Target),
		tls:      tlsterms.NewStore(),
		pools:    make(map[string]*poolState),
		memories: make(map[string]*memory),
		checked:  make(map[string]*poolList),
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

// memory is what requests for a namespace's services take of memory, in bytes: their contents, copies of them,
// requests for error pages, and what encodes the responses.
type memory struct{ contents, mirrors, pages, encoders atomic.Int64 }

func (s *Store) memory(namespace string) *memory {
	taken := s.memories[namespace]
	if taken == nil {
		taken = new(memory)
		s.memories[namespace] = taken
	}
	return taken
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

// Refresh refreshes the pools that a checked task is in. It may be called at any time.
func (s *Store) Refresh(task string) {
	s.mu.Lock()
	l := s.checked[task]
	s.mu.Unlock()
	if l != nil {
		l.refresh()
	}
}

// NewPool compiles a pool. It shares its endpoints with other pools of its namespace that have the same address under
// the same terms. It fails if its authorities hold no certificate.
func (s *Store) NewPool(p *snapshot.Pool) (*Pool, error) {
	security, err := s.tls.Get(tlsterms.Terms(p.TLS))
	if err != nil {
		return nil, err
	}
	return newPool(p, security, s), nil
}

// At returns the endpoint of a key, or nil.
func (s *Store) At(key upstream.Key) *Target { return s.targets[key] }

// All returns the endpoints that are kept.
func (s *Store) All() iter.Seq2[upstream.Key, *Target] { return maps.All(s.targets) }

// Kept returns how many terms of TLS are kept, and how many different lists of authorities.
func (s *Store) Kept() (terms, authorities int) { return s.tls.Size() }

// Expire closes the connections that have rested too long at now.
func (s *Store) Expire(now time.Duration) {
	for _, t := range s.targets {
		t.Expire(now)
	}
}

// Retire retires every endpoint, so that none keeps a connection any more.
func (s *Store) Retire() {
	for _, t := range s.targets {
		t.Retire()
	}
}

// Adopt puts pools in the place of before. First it lets the endpoints of pools take requests. Then it tells them which
// pools they are in. Then it refreshes the pools that are stale: whatever changes at an endpoint after that refreshes
// its pools.
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

// KeepOnly forgets what none of the pools needs any more. They were compiled from list. An endpoint that goes, or takes
// no new requests, closes its idle connections now, and the busy ones when they become idle.
func (s *Store) KeepOnly(pools map[string]*Pool, list []snapshot.Pool) {
	listed := make(map[*Target]bool, len(s.targets)) // true: takes requests
	watched := make(map[*poolList]bool)
	counted := make(map[*atomic.Int64]bool)
	for _, p := range pools {
		counted[p.ContentMemory] = true
		for i := range p.members {
			m := &p.members[i]
			listed[m.Target] = listed[m.Target] || m.takesRequests()
			watched[m.checkedIn] = true
		}
	}
	s.tls.KeepOnly(func(yield func(tlsterms.Terms) bool) {
		for i := range list {
			if !yield(tlsterms.Terms(list[i].TLS)) {
				return
			}
		}
	})
	maps.DeleteFunc(s.memories, func(_ string, taken *memory) bool { return !counted[&taken.contents] })
	s.keepChecked(watched)
	for id, p := range s.pools {
		if pools[id] == nil {
			delete(s.pools, id)
		}
		p.queue.wake() // whoever waits there may find other endpoints, or that the pool is gone
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
