// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// hold is a request's part in what is counted of its endpoint and pool, from the choice of the endpoint to the end of
// the exchange, or of the tunnel that it became.
type hold struct {
	target *target
	pool   *poolState
}

// hold takes a place at the endpoint, unless others have filled it up meanwhile.
func (p *pool) hold(e *target, limit int64) (hold, bool) {
	if n := e.active.Add(1); limit > 0 && n > limit {
		e.active.Add(-1)
		e.pools.wake() // whoever did not get the place because of this
		return hold{}, false
	}
	p.state.active.Add(1)
	return hold{e, p.state}, true
}

// release gives the place to who waits for it.
func (h *hold) release() {
	if h.target == nil {
		return
	}
	h.pool.active.Add(-1)
	h.target.active.Add(-1)
	h.target.pools.wake()
	*h = hold{}
}

// take chooses an endpoint and takes a place there. Where there is none, full says whether there would be one if
// endpoints could take more connections.
func (p *pool) take(policy snapshot.BalancingPolicy, c choice) (h hold, full bool) {
	for e := p.pick(policy, c); e != nil; e = p.pick(policy, c) {
		if h, ok := p.hold(e, c.limit); ok {
			return h, false
		}
	}
	if c.limit > 0 {
		c.limit = 0
		full = p.pick(policy, c) != nil
	}
	return hold{}, full
}

// room says whether any endpoint takes requests, and whether one of them takes another, or the queue does, under such
// limits.
func (p *pool) room(maxConnections, maxPending int) (taking, room bool) {
	open := p.available()
	c := choice{limit: int64(maxConnections)}
	free := slices.ContainsFunc(open, func(m member) bool { return !c.rulesOut(m.target) })
	return len(open) > 0, free || p.queue().waiting() < maxPending
}
