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
	"github.com/warren-dev/ingress/proxy/uses"
)

// Store is what outlives a swap of pools. It has the endpoints with their idle connections, by namespace, address and
// TLS. It has what is remembered of pools, by id. Only one goroutine may use it at a time, but any may call Refresh.
type Store struct {
	dialer  *upstream.Dialer
	prober  *health.Prober
	targets map[upstream.Key]*Target
	// unsure are the targets that were made and may be in no pool that serves.
	unsure []upstream.Key
	// tls makes TLS from the terms of pools.
	tls   *tlsterms.Store
	pools uses.Map[string, *poolState]
	// memories has what requests take of memory, by the namespace of the pools.
	memories uses.Map[string, *memory]
	// requirements are what routes require of pools since those were last refreshed.
	requirements []requirement

	mu sync.Mutex // guards checked, which Refresh reads at any time
	// checked has the pools that a checked task is in, by the task's id.
	checked uses.Map[string, *poolList]
}

// Change is a pool in place of another one of its id. Before is nil if there was none, and After if there is none any
// more.
type Change struct{ Before, After *Pool }

// requirement is something that routes require of a pool, for which it has to be refreshed.
type requirement struct {
	of *Pool
	// undo makes the pool require it no more. The pool is locked meanwhile.
	undo func(*Pool)
}

// NewStore returns an empty store. The prober has the tasks whose health decides whether they take requests.
func NewStore(dialer *upstream.Dialer, prober *health.Prober) *Store {
	return &Store{dialer: dialer, prober: prober, targets: make(map[upstream.Key]*Target), tls: tlsterms.NewStore()}
}

func (s *Store) target(key upstream.Key) *Target {
	t := s.targets[key]
	if t == nil {
		t = newTarget(key, s.dialer)
		s.targets[key] = t
		s.unsure = append(s.unsure, key)
	}
	return t
}

func (s *Store) pool(id string) *poolState {
	p, ok := s.pools.Get(id)
	if !ok {
		p = new(poolState)
		s.pools.Add(id, p)
	}
	return p
}

// require notes that a pool has to be refreshed. The pool is locked.
func (s *Store) require(p *Pool, undo func(*Pool)) {
	p.stale = true
	s.requirements = append(s.requirements, requirement{p, undo})
}

// memory is what requests for a namespace's services take of memory, in bytes: their contents, copies of them,
// requests for error pages, and what encodes the responses.
type memory struct{ contents, mirrors, pages, encoders atomic.Int64 }

func (s *Store) memory(namespace string) *memory {
	taken, ok := s.memories.Get(namespace)
	if !ok {
		taken = new(memory)
		s.memories.Add(namespace, taken)
	}
	return taken
}

// poolsOf returns the list of the pools that a checked task is in.
func (s *Store) poolsOf(task string) *poolList {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.checked.Get(task)
	if !ok {
		l = new(poolList)
		s.checked.Add(task, l)
	}
	return l
}

// Refresh refreshes the pools that a checked task is in. It may be called at any time.
func (s *Store) Refresh(task string) {
	s.mu.Lock()
	l, ok := s.checked.Get(task)
	s.mu.Unlock()
	if ok {
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

// Remembered returns of how many pools, namespaces and checked tasks something is remembered.
func (s *Store) Remembered() (pools, namespaces, tasks int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pools.Len(), s.memories.Len(), s.checked.Len()
}

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

// Adopt puts pools in the place of those before. First it lets the endpoints of the pools take requests. Then it tells
// them which pools they are in. Then it refreshes the pools that are new or stale: whatever changes at an endpoint
// after that refreshes its pools.
func (s *Store) Adopt(changes []Change) {
	for _, c := range changes {
		for m := range c.After.each() {
			if m.takesRequests() {
				m.Resume()
			}
		}
	}
	for _, c := range changes {
		if c.Before != nil {
			c.Before.leave()
		}
	}
	for _, c := range changes {
		if c.After != nil {
			c.After.join()
			c.After.refresh()
		}
	}
	for _, r := range s.requirements {
		if r.of.isStale() {
			r.of.refresh()
		}
	}
	s.requirements = nil
}

// KeepOnly forgets what no pool that serves needs any more. It looks at what was made since the last time, and at the
// pools that were adopted, or have left, since. An endpoint that goes, or takes no new requests, closes its idle
// connections now, and the busy ones when they become idle.
func (s *Store) KeepOnly(changes []Change) {
	for _, r := range s.requirements { // of routes that are not going to be served
		r.of.forgo(r.undo)
	}
	s.requirements = nil
	s.keepTargets(changes)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		s.count(c.After, s.pools.Use, s.memories.Use, s.checked.Use, s.tls.Use)
		s.count(c.Before, s.pools.Drop, s.memories.Drop, s.checked.Drop, s.tls.Drop)
		if c.Before != nil {
			c.Before.state.queue.wake() // Whoever waits there may find other endpoints, or that the pool is gone.
		}
	}
	s.pools.Sweep(nil)
	s.memories.Sweep(nil)
	s.checked.Sweep(nil)
	s.tls.Sweep()
}

// count counts what a pool has of the store. It may be nil.
func (s *Store) count(p *Pool, pool, memory, checked func(string), tls func(tlsterms.Terms)) {
	if p == nil {
		return
	}
	pool(p.ID)
	memory(p.namespace())
	tls(tlsterms.Terms(p.TLS))
	for i := range p.members {
		if p.members[i].checked != nil {
			checked(p.members[i].id)
		}
	}
}

// keepTargets retires the targets that take no new requests any more, and forgets those that no pool has.
func (s *Store) keepTargets(changes []Change) {
	// takes says of the targets of pools that came whether one of these lets it take requests.
	takes := make(map[*Target]bool)
	came := make(map[*Pool]bool, len(changes))
	for _, c := range changes {
		came[c.After] = true
		for m := range c.After.each() {
			takes[m.Target] = takes[m.Target] || m.takesRequests()
		}
	}
	for _, c := range changes {
		for m := range c.Before.each() {
			if _, ok := takes[m.Target]; !ok {
				takes[m.Target] = false
			}
		}
	}
	for t, taking := range takes {
		if !taking && !t.taking(came) {
			t.Retire()
		}
	}
	for _, c := range changes {
		for m := range c.Before.each() {
			if !m.pools.any() {
				delete(s.targets, c.Before.key(m.Address()))
			}
		}
	}
	for _, key := range s.unsure {
		if t := s.targets[key]; t != nil && !t.pools.any() {
			delete(s.targets, key)
			t.Retire()
		}
	}
	s.unsure = nil
}

// taking says whether one of the pools that the target is in lets it take requests. It does not look at some of them.
func (t *Target) taking(but map[*Pool]bool) bool {
	for _, p := range t.pools.list() {
		if but[p] {
			continue
		}
		for i := range p.members {
			if m := &p.members[i]; m.Target == t && m.takesRequests() {
				return true
			}
		}
	}
	return false
}
