// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"

	"github.com/warren-dev/ingress/proxy/mirror"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// compileMirrors compiles the mirrors of a route, except for those that get no copies at all.
func (g *Generation) compileMirrors(r *snapshot.Route, state *State, t *hostTable) (list []mirror.To, err error) {
	for i := range r.Mirrors {
		m := &r.Mirrors[i]
		pool := g.poolFor(m.Pool, t)
		if pool == nil {
			return nil, fmt.Errorf("there is no pool %q for a mirror", m.Pool)
		}
		if m.Numerator == 0 {
			continue
		}
		pool.Require(snapshot.RoundRobin)
		list = append(list, mirror.NewTo(m, r, pool, state.series(r.Rule.Ingress, pool.Service, t)))
	}
	return list, nil
}
