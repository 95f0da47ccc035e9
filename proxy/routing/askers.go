// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/authservice"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/step"
)

var cdnLoop = []byte("CDN-Loop")

// scopeIn is [State.scope] with what only a generation has: the pools of the services that policies wait for. name is
// that of the host, and mark is the route's.
func (g *Generation) scopeIn(site, name string, mark []byte, r *snapshot.Route, backend int, state *State, t *hostTable) *step.Scope {
	scope := state.scope(site, r, backend, t)
	scope.Host = name
	kept := scope.Kept
	scope.Asker = func(p step.Policy) (step.Asker, error) {
		e, ok := p.(*auth.External)
		if !ok || state.AuthServices == nil {
			return nil, fmt.Errorf("nothing here can ask for a policy of type %T", p)
		}
		pool := g.poolFor(e.Pool, t)
		if pool == nil {
			return nil, fmt.Errorf("there is no pool %q", e.Pool)
		}
		pool.Require(snapshot.RoundRobin)
		return state.AuthServices.NewService(e, pool, authservice.Route{
			Host: name, Mark: message.Field{Name: cdnLoop, Value: mark, Kind: message.CDNLoop},
			Verdicts: verdictsOf(e, state, kept),
			Said:     kept(saidBy(e.Pool), func() any { return new(authservice.Said) }).(*authservice.Said),
		})
	}
	return scope
}

// keptVerdicts is the key of the verdicts that are kept for a route: all that a service is asked by, as text.
type keptVerdicts string

// saidBy is the key of what a service has given the requests of a route: the id of its pool.
type saidBy string

// verdictsOf returns the verdicts that are kept for a route as long as a policy means the same. It returns nil if none
// are.
func verdictsOf(e *auth.External, state *State, kept func(key any, first func() any) any) *authservice.Verdicts {
	if e.CacheFor <= 0 || e.CacheKey == "" {
		return nil
	}
	key := keptVerdicts(fmt.Sprintf("%#v", *e))
	return kept(key, func() any { return state.AuthServices.NewVerdicts() }).(*authservice.Verdicts)
}
