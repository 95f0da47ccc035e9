// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"hash/maphash"
	"maps"
	"net/netip"

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
)

// State is what outlives a generation: the endpoints, what is remembered of pools, what policies keep for routes, the
// parsed certificates, the answers to challenges and the compiled expressions. Only one goroutine may use it at a time,
// except for Limiter, Metrics and Refresh. Any goroutine may use those.
type State struct {
	*balance.Store
	prober  *health.Prober
	Metrics *observe.Metrics
	// kept is what policies keep for routes.
	kept map[keptBy]any
	// Limiter counts what clients use of rate limits.
	Limiter *limit.Limiter
	// Passwords checks passwords, and Keys has the keys that tokens are verified by.
	Passwords *password.Checker
	Keys      *keyset.Sets
	// AuthServices asks the services that policies wait for. Nil if nothing can.
	AuthServices *authservice.Client
	// texts are the regular expressions of the generation, compiled.
	texts map[textKey]*compiledText
	// seed goes into the marks of routes.
	seed     maphash.Seed
	identity *identity.Store
	// numbers are those of the listeners that there are, and lastNumber is the last that was given. None is given twice: a
	// connection may outlive its listener, and must not come to another one's routes.
	numbers    map[listenerKey]int
	lastNumber int
}

// NewState returns a state that knows nothing yet.
func NewState(dialer *upstream.Dialer, prober *health.Prober) *State {
	return &State{
		Store:     balance.NewStore(dialer, prober),
		prober:    prober,
		Metrics:   observe.NewMetrics(),
		kept:      make(map[keptBy]any),
		texts:     make(map[textKey]*compiledText),
		Limiter:   limit.New(),
		Passwords: password.NewChecker(),
		Keys:      keyset.New(),
		identity:  identity.NewStore(),
		seed:      maphash.MakeSeed(),
		numbers:   make(map[listenerKey]int),
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

// Adopt makes the pools of g take requests in place of the pools of before.
func (s *State) Adopt(g, before *Generation) { s.Store.Adopt(g.pools, before.pools) }

// KeepOnly forgets what the generation does not need. It also has the prober make the checks of the generation's
// snapshot and no others.
func (s *State) KeepOnly(g *Generation) {
	s.prober.Adopt(g.Snapshot.Checks)
	kept := make(map[keptBy]bool, len(s.kept))
	g.each(func(t *hostTable) {
		for _, by := range t.kept {
			kept[by] = true
		}
	})
	for by := range s.kept {
		if !kept[by] {
			delete(s.kept, by)
		}
	}
	there := make(map[listenerKey]bool, len(g.Snapshot.Listeners))
	for i := range g.Snapshot.Listeners {
		l := &g.Snapshot.Listeners[i]
		there[listenerKey{l.Address, l.Owner}] = true
	}
	maps.DeleteFunc(s.numbers, func(key listenerKey, _ int) bool { return !there[key] })
	s.keepTexts(g)
	s.identity.KeepOnly(g.Snapshot)
	s.Store.KeepOnly(g.pools, g.Snapshot.Pools)
}
