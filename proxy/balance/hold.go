// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Hold is a request's part in what is counted of its endpoint and pool, from the choice of the endpoint to the end of
// the exchange, or of the tunnel that it became.
type Hold struct {
	Target *Target
	pool   *poolState
}

// Hold takes a place at the endpoint, unless others have filled it up meanwhile.
func (p *Pool) Hold(e *Target, limit int64) (Hold, bool) {
	if n := e.active.Add(1); limit > 0 && n > limit {
		e.active.Add(-1)
		e.pools.wake() // whoever did not get the place because of this
		return Hold{}, false
	}
	p.state.active.Add(1)
	return Hold{e, p.state}, true
}

// Release gives the place to who waits for it.
func (h *Hold) Release() {
	if h.Target == nil {
		return
	}
	h.pool.active.Add(-1)
	h.Target.active.Add(-1)
	h.Target.pools.wake()
	*h = Hold{}
}

// Take chooses an endpoint and takes a place there. Where there is none, full says whether there would be one if
// endpoints could take more connections.
func (p *Pool) Take(policy snapshot.BalancingPolicy, c Choice) (h Hold, full bool) {
	for e := p.pick(policy, c); e != nil; e = p.pick(policy, c) {
		if h, ok := p.Hold(e, c.Limit); ok {
			return h, false
		}
	}
	if c.Limit > 0 {
		c.Limit = 0
		full = p.pick(policy, c) != nil
	}
	return Hold{}, full
}

// Room says whether any endpoint takes requests, and whether one of them takes another, or the queue does, under such
// limits.
func (p *Pool) Room(maxConnections, maxPending int) (taking, room bool) {
	open := p.available()
	c := Choice{Limit: int64(maxConnections)}
	free := slices.ContainsFunc(open, func(m member) bool { return !c.rulesOut(m.Target) })
	return len(open) > 0, free || p.Queue().Waiting() < maxPending
}
