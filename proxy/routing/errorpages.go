// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"

	"github.com/warren-dev/ingress/proxy/errorpage"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// compileErrorPages compiles the error pages of a route. It returns nil if there are none.
func (g *Generation) compileErrorPages(r *snapshot.Route, state *State, t *hostTable) (*errorpage.Pages, error) {
	if len(r.ErrorPages) == 0 {
		return nil, nil
	}
	pages := errorpage.New()
	for i := range r.ErrorPages {
		p := &r.ErrorPages[i]
		pool := g.poolFor(p.Pool, t)
		if pool == nil {
			return nil, fmt.Errorf("there is no pool %q for an error page", p.Pool)
		}
		pool.Require(snapshot.RoundRobin)
		pages.Add(p, r, pool, state.series(r.Rule.Ingress, pool.Service, t))
	}
	return pages, nil
}
