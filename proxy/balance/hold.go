// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Hold is a request's place at an endpoint. It counts from the choice of the endpoint to the end of the exchange, or of
// the tunnel that the exchange became.
type Hold struct {
	Target *Target
	pool   *poolState
}

// Hold takes a place at the endpoint. It returns false if others have filled the endpoint up meanwhile.
func (p *Pool) Hold(e *Target, limit int64) (Hold, bool) {
	if n := e.active.Add(1); limit > 0 && n > limit {
		e.active.Add(-1)
		e.pools.wake() // for whoever did not get the place because of this
		return Hold{}, false
	}
	p.state.active.Add(1)
	return Hold{e, p.state}, true
}

// Release gives the place back and wakes whoever waits for it.
func (h *Hold) Release() {
	if h.Target == nil {
		return
	}
	h.pool.active.Add(-1)
	h.Target.active.Add(-1)
	h.Target.pools.wake()
	*h = Hold{}
}

// Take chooses an endpoint and takes a place there. If it finds none, full says whether there would be one without the
// limit on connections.
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

// Room says whether any endpoint takes requests. room says whether one of them, or the queue, takes another request
// under these limits.
func (p *Pool) Room(maxConnections, maxPending int) (taking, room bool) {
	open := p.available()
	c := Choice{Limit: int64(maxConnections)}
	free := slices.ContainsFunc(open, func(m member) bool { return !c.rulesOut(m.Target) })
	return len(open) > 0, free || p.Queue().Waiting() < maxPending
}
