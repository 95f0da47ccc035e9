// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"hash/maphash"
	"iter"
	"maps"
	"net/netip"
	"slices"

	"github.com/warren-dev/ingress/proxy/authservice"
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/keyset"
	"github.com/warren-dev/ingress/proxy/limit"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/password"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/step"
	"github.com/warren-dev/ingress/proxy/upstream"
	"github.com/warren-dev/ingress/proxy/uses"
)

// State is what outlives a generation: the endpoints, what is remembered of pools, what policies keep for routes, the
// parsed certificates, the answers to challenges and the compiled expressions. Only one goroutine may use it at a time,
// except for Limiter, Metrics and Refresh. Any goroutine may use those.
type State struct {
	*balance.Store
	prober  *health.Prober
	Metrics *observe.Metrics
	// kept is what policies keep for routes.
	kept uses.Map[keptBy, any]
	// Limiter counts what clients use of rate limits.
	Limiter *limit.Limiter
	// Passwords checks passwords, and Keys has the keys that tokens are verified by.
	Passwords *password.Checker
	Keys      *keyset.Sets
	// AuthServices asks the services that policies wait for. Nil if nothing can.
	AuthServices *authservice.Client
	// texts are the regular expressions of the generation, compiled.
	texts uses.Map[textKey, *compiledText]
	// seed goes into the marks of routes.
	seed     maphash.Seed
	identity *identity.Store
	// numbers are those of the listeners that there are, and lastNumber is the last that was given. None is given twice: a
	// connection may outlive its listener, and must not come to another one's routes.
	numbers    map[listenerKey]int
	lastNumber int
	// hosts are the tables of the hosts that are served, by the ids of their pools.
	hosts map[string][]*hostTable
	// latest is how the generation that was compiled last follows the one before. It is nil once [State.KeepOnly] was
	// called, and if nothing was compiled.
	latest *succession
}

// NewState returns a state that knows nothing yet.
func NewState(dialer *upstream.Dialer, prober *health.Prober) *State {
	return &State{
		Store:     balance.NewStore(dialer, prober),
		prober:    prober,
		Metrics:   observe.NewMetrics(),
		Limiter:   limit.New(),
		Passwords: password.NewChecker(),
		Keys:      keyset.New(),
		identity:  identity.NewStore(),
		seed:      maphash.MakeSeed(),
		numbers:   make(map[listenerKey]int),
		hosts:     make(map[string][]*hostTable),
	}
}

// listenerKey tells a listener from all others of a snapshot, and from those that had its address before.
type listenerKey struct {
	at    netip.AddrPort
	owner string
}

// Listener returns the number of a listener of a snapshot, from 1 on. It is the same in all generations that have the
// listener, one after the other.
func (s *State) Listener(l *snapshot.Listener) int {
	key := listenerKey{l.Address, l.Owner}
	number, ok := s.numbers[key]
	if !ok {
		s.lastNumber++
		number = s.lastNumber
		s.numbers[key] = number
	}
	return number
}

// keptBy is the key of what a policy keeps: the route, and the policy's own key.
type keptBy struct {
	ingress, host, path string
	match               snapshot.PathMatch
	// conditions is the text of the route's conditions. It is empty if there are none, and for the parts of a route that a
	// canary divides.
	conditions string
	// backend is the index of the backend whose policy it is, or wholeRoute.
	backend int
	key     any
}

// wholeRoute stands for the index of a backend if a policy is the route's.
const wholeRoute = -1

// scope returns what the policies of a host's route, or of one of its backends, are compiled for. It notes in the table
// what they keep.
func (s *State) scope(host string, r *snapshot.Route, backend int, table *hostTable) *step.Scope {
	return &step.Scope{
		Limiter: s.Limiter, Passwords: s.Passwords, Keys: s.Keys, Expression: s.partsFor(table), Verifier: s.identity.Verifier,
		Kept: func(key any, first func() any) any {
			by := keptBy{
				ingress: r.Rule.Ingress, host: host, path: r.Path, match: r.Match, backend: backend, key: key,
			}
			if r.Canary == "" {
				by.conditions = r.Conditions.String()
			}
			value, ok := s.kept.Get(by)
			if !ok {
				value = first()
				s.kept.Add(by, value)
			}
			table.kept = append(table.kept, by)
			return value
		},
	}
}

// Adopt makes the pools of g, which was compiled last, take requests in place of those before.
func (s *State) Adopt(g *Generation) { s.Store.Adopt(s.succession(g).pools) }

// KeepOnly forgets what a generation does not need. That is what the generation before had alone, if this one was
// compiled last. Otherwise it serves already, and what was compiled since is not going to be served. KeepOnly also has
// the prober make the checks of the generation's snapshot and no others.
func (s *State) KeepOnly(g *Generation) {
	n := s.succession(g)
	s.latest = nil
	s.prober.Adopt(g.Snapshot.Checks)
	for _, t := range n.came {
		t.count(s.kept.Use, s.texts.Use)
	}
	for _, t := range n.went {
		t.count(s.kept.Drop, s.texts.Drop)
	}
	s.kept.Sweep(nil)
	s.texts.Sweep(nil)
	s.Metrics.Settle(seriesOf(n.came), seriesOf(n.went))
	s.keepHosts(n)
	there := make(map[listenerKey]bool, len(g.Snapshot.Listeners))
	for i := range g.Snapshot.Listeners {
		l := &g.Snapshot.Listeners[i]
		there[listenerKey{l.Address, l.Owner}] = true
	}
	maps.DeleteFunc(s.numbers, func(key listenerKey, _ int) bool { return !there[key] })
	s.identity.KeepOnly(n.changes)
	s.Store.KeepOnly(n.pools)
}

// succession returns how a generation follows the one before, if it was compiled last.
func (s *State) succession(g *Generation) *succession {
	if s.latest != nil && s.latest.of == g {
		return s.latest
	}
	return new(succession)
}

// keepHosts notes which pools the hosts have that are served from now on.
func (s *State) keepHosts(n *succession) {
	gone, had := make(map[*hostTable]bool, len(n.went)), make(map[string]bool)
	for _, t := range n.went {
		gone[t] = true
		for _, id := range t.pools {
			had[id] = true
		}
	}
	for id := range had {
		s.hosts[id] = slices.DeleteFunc(s.hosts[id], func(t *hostTable) bool { return gone[t] })
	}
	for _, t := range n.came {
		for _, id := range t.pools {
			s.hosts[id] = append(s.hosts[id], t)
		}
	}
	for id := range had {
		if len(s.hosts[id]) == 0 {
			delete(s.hosts, id)
		}
	}
}

// count counts what the routes of the table have of the state.
func (t *hostTable) count(kept func(keptBy), text func(textKey)) {
	for _, by := range t.kept {
		kept(by)
	}
	for _, key := range t.texts {
		text(key)
	}
}

// seriesOf has the series of tables.
func seriesOf(tables []*hostTable) iter.Seq[*observe.Series] {
	return func(yield func(*observe.Series) bool) {
		for _, t := range tables {
			for _, s := range t.series {
				if !yield(s) {
					return
				}
			}
		}
	}
}
