// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"iter"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/upstream"
	"github.com/warren-dev/ingress/proxy/upstream/tlsterms"
)

// Pool is a compiled pool of a snapshot. Its members never change. Its pickers do: they choose among the members that
// are available now. Choosing takes no lock.
type Pool struct {
	// ID, Service, TLS and H2C are those of the [snapshot.Pool].
	ID, Service string
	TLS         snapshot.UpstreamTLS
	H2C         bool
	// ContentMemory is how much memory the contents of requests for the services of the namespace take, in bytes.
	// MirrorMemory is the same of copies of requests, with all that they take, PageMemory of requests for error pages, and
	// EncoderMemory of what encodes the contents of responses.
	ContentMemory, MirrorMemory, PageMemory, EncoderMemory *atomic.Int64

	members []member
	state   *poolState
	store   *Store
	// security is made from TLS. Nil without TLS.
	security *tlsterms.TLS

	mu sync.Mutex // guards what follows; of two refreshes, the later one stays
	// required are the policies that routes choose by.
	required [snapshot.BalancingPolicies]bool
	// keepsSessions is set if routes keep sessions at members.
	keepsSessions bool
	// stale is set while a required policy has no picker, or sessions that are kept no index.
	stale bool

	pickers atomic.Pointer[pickers]
	// sessions has the members that take requests, by what stands for them in sessions. Nil if none are kept.
	sessions atomic.Pointer[map[uint64]*Target]
}

// member is a target's part in a pool.
type member struct {
	*Target
	// id names the object that the endpoint came from.
	id     string
	weight int
	// draining members take no new requests, unhealthy ones none at all. The snapshot says so.
	draining, unhealthy bool
	// checked is what a check has found out about the member. checkedIn are the pools that depend on that. They are nil if
	// nothing checks it.
	checked   *health.Task
	checkedIn *poolList
}

// pickers has a picker for each required policy.
type pickers [snapshot.BalancingPolicies]picker

// poolState is what outlives a pool when its endpoints change.
type poolState struct {
	// cursor counts the requests that were given to an endpoint in turn. active counts those that are under way.
	cursor atomic.Uint32
	active atomic.Int32
	// requests and retries make up the budget of retries. All that each request counts fits in a cache line.
	requests, retries window
	queue             Queue
	errors            upstreamErrors
}

func newPool(p *snapshot.Pool, security *tlsterms.TLS, s *Store) *Pool {
	c := &Pool{
		ID: p.ID, Service: p.Service, TLS: p.TLS, H2C: p.H2C, members: make([]member, len(p.Endpoints)),
		state: s.pool(p.ID), store: s, security: security, stale: true,
	}
	namespace := c.namespace()
	m := s.memory(namespace)
	c.ContentMemory, c.MirrorMemory, c.PageMemory, c.EncoderMemory = &m.contents, &m.mirrors, &m.pages, &m.encoders
	for i := range p.Endpoints {
		e := &p.Endpoints[i]
		c.members[i] = member{
			Target: s.target(c.key(e.Address)),
			id:     e.ID, weight: e.Weight,
			draining: e.Draining, unhealthy: e.Unhealthy,
		}
		if e.Checked {
			c.members[i].checked, c.members[i].checkedIn = s.prober.Task(e.ID), s.poolsOf(e.ID)
		}
	}
	return c
}

// namespace returns the namespace of the pool's service.
func (p *Pool) namespace() string {
	namespace, _, _ := strings.Cut(p.Service, "/")
	return namespace
}

// key returns what tells the pool's endpoint at an address from all others.
func (p *Pool) key(at netip.AddrPort) upstream.Key {
	return upstream.Key{Namespace: p.namespace(), Address: at, TLS: p.security, H2C: p.H2C && p.security == nil}
}

// join adds the pool to the lists of its endpoints and of their checks. leave takes it out.
func (p *Pool) join() {
	for i := range p.members {
		m := &p.members[i]
		m.pools.add(p)
		if m.checkedIn != nil {
			m.checkedIn.add(p)
		}
	}
}

func (p *Pool) leave() {
	for i := range p.members {
		m := &p.members[i]
		m.pools.remove(p)
		if m.checkedIn != nil {
			m.checkedIn.remove(p)
		}
	}
}

// each has the members. The pool may be nil.
func (p *Pool) each() iter.Seq[*member] {
	return func(yield func(*member) bool) {
		if p == nil {
			return
		}
		for i := range p.members {
			if !yield(&p.members[i]) {
				return
			}
		}
	}
}

// Taking returns how many members take requests now.
func (p *Pool) Taking() int { return len(p.available()) }

// Len returns how many members there are.
func (p *Pool) Len() int { return len(p.members) }

// IDOf names the object that an endpoint of the pool came from. It is empty if the endpoint has left the pool since.
func (p *Pool) IDOf(e *Target) string {
	for i := range p.members {
		if p.members[i].Target == e {
			return p.members[i].id
		}
	}
	return ""
}

// Require makes the pool ready to choose by a policy, from the next refresh on.
func (p *Pool) Require(policy snapshot.BalancingPolicy) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.required[policy] {
		p.required[policy] = true
		p.store.require(p, func(p *Pool) { p.required[policy] = false })
	}
}

// pick returns the endpoint for the next request. It returns nil if no available member suits.
func (p *Pool) pick(policy snapshot.BalancingPolicy, c Choice) *Target {
	return p.pickers.Load()[policy].pick(c)
}

// Serves says whether the pool is ready to choose by a policy.
func (p *Pool) Serves(policy snapshot.BalancingPolicy) bool { return p.pickers.Load()[policy] != nil }

// refresh lets later requests choose among the members that are available now. Whoever changes something that
// available.go looks at calls it.
func (p *Pool) refresh() {
	p.mu.Lock()
	defer p.mu.Unlock()
	members := p.available()
	made := new(pickers)
	for policy, required := range p.required {
		if required {
			made[policy] = newPicker(snapshot.BalancingPolicy(policy), members, p.state)
		}
	}
	p.pickers.Store(made)
	if p.keepsSessions {
		p.sessions.Store(p.indexSessions(members))
	}
	p.stale = false
	p.state.queue.wake()
}

// forgo undoes what no route requires after all. The pool was not stale before that was required of it, or has never
// served.
func (p *Pool) forgo(undo func(*Pool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	undo(p)
	p.stale = false
}

func (p *Pool) isStale() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stale
}

// open says of each member whether it takes requests now.
func (p *Pool) open() []bool {
	standings := make([]standing, len(p.members))
	for i := range p.members {
		standings[i] = p.members[i].standing()
	}
	return available(standings)
}

// available returns the members that take requests now.
func (p *Pool) available() []member {
	taking := make([]member, 0, len(p.members))
	for i, takes := range p.open() {
		if takes {
			taking = append(taking, p.members[i])
		}
	}
	return taking
}

// LoggedIn returns the target that a client is logged in at, by its logins. It returns nil if there is none, if that
// takes no requests, or if it was tried.
func (p *Pool) LoggedIn(logins *upstream.Logins, tried []*Target) *Target {
	for e := range logins.Endpoints() {
		if t := p.sound(e); t != nil && !slices.Contains(tried, t) {
			return t
		}
	}
	return nil
}

// sound returns the member at an endpoint if it takes requests and nothing is known against it. Otherwise it returns
// nil.
func (p *Pool) sound(e *upstream.Endpoint) *Target {
	for i := range p.members {
		m := &p.members[i]
		if &m.Endpoint != e {
			continue
		}
		if s := m.standing(); s.takes && s.health == snapshot.Healthy && s.ejected == 0 {
			return m.Target
		}
	}
	return nil
}

// Queue returns the queue of the requests that wait for a place.
func (p *Pool) Queue() *Queue { return &p.state.queue }

// takesRequests says whether the snapshot lets new requests go to the member.
func (m *member) takesRequests() bool { return m.weight > 0 && !m.draining && !m.unhealthy }

func (m *member) standing() standing {
	s := standing{
		takes: m.takesRequests(), health: snapshot.Healthy,
		ejected: time.Duration(m.conduct.ejected.Load()),
	}
	if m.checked != nil {
		s.health = m.checked.Health()
	}
	return s
}
