// SPDX-License-Identifier: Apache-2.0

package proxy

import "github.com/warren-dev/ingress/proxy/reason"

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

// choose finds an endpoint with room for the request and takes a place there, or says why there is none.
func (x *exchange) choose() (hold, failure) {
	if limit := x.route.balancing.MaxConnections; limit > 0 && x.route.pool.state.queue.length.Load() > 0 {
		return x.await() // behind those who came before
	}
	h, full := x.take()
	switch {
	case h.target != nil:
		return h, failure{}
	case full:
		return x.await()
	}
	return hold{}, failure{reason: reason.NoHealthyTask}
}

// take takes a place at an endpoint of the pool as it is now. Where there is none, full says whether there would be one
// if endpoints could take more connections.
func (x *exchange) take() (h hold, full bool) {
	p, policy := x.pool, x.route.balancing.Policy
	c := choice{hash: x.hash, tried: x.tried, limit: int64(x.route.balancing.MaxConnections)}
	if e := x.loggedIn(p); e != nil {
		if h, ok := p.hold(e, c.limit); ok {
			return h, false
		}
		return hold{}, true
	}
	for {
		e := p.pick(policy, c)
		if e == nil {
			break
		}
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

// renewPool has further choices made among the endpoints of the running generation, if it has the pool for routes like
// this one.
func (x *exchange) renewPool() bool {
	p := x.engine.generation.Load().pools[x.route.pool.id]
	if p == nil || !p.serves(x.route.balancing.Policy) {
		return false
	}
	x.pool = p
	return true
}
