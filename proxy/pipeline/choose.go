// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/warren-dev/ingress/proxy/attempt"
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/reason"
)

// noTask is why there is no endpoint if the pool has none that takes requests. Nobody changes it.
var noTask = &attempt.Failure{Reason: reason.NoHealthyTask}

// choose finds an endpoint with room for the request and takes a place there, or says why there is none.
func (x *Exchange) choose() (balance.Hold, *attempt.Failure) {
	if limit := x.Route.Balancing.MaxConnections; limit > 0 && x.Backend.Pool.Queue().Waiting() > 0 {
		return x.await() // behind those who came before
	}
	h, full := x.take()
	switch {
	case h.Target != nil:
		return h, nil
	case full:
		return x.await()
	}
	return balance.Hold{}, noTask
}

// take takes a place at an endpoint of the pool as it is now. If there is none, full says whether there would be one
// without the limit on connections.
func (x *Exchange) take() (h balance.Hold, full bool) {
	c := balance.Choice{Hash: x.Hash, Tried: x.tried, Limit: int64(x.Route.Balancing.MaxConnections)}
	if e := x.pool.LoggedIn(x.Origin.Logins, x.tried); e != nil {
		h, ok := x.pool.Hold(e, c.Limit)
		return h, !ok
	}
	if t := x.sessionTarget(); t != nil {
		h, ok := x.pool.Hold(t, c.Limit)
		return h, !ok
	}
	return x.pool.Take(x.Route.Balancing.Policy, c)
}

// renewPool makes further choices use the pool of the running generation. It returns false if that has no such pool for
// routes like this one.
func (x *Exchange) renewPool() bool {
	p := x.engine.Generation.Load().Pool(x.Backend.Pool.ID)
	if p == nil || !p.Serves(x.Route.Balancing.Policy) {
		return false
	}
	x.pool = p
	return true
}

// await waits for an endpoint with room, for as long as making a connection may take. A client that goes away leaves
// the queue.
func (x *Exchange) await() (held balance.Hold, _ *attempt.Failure) {
	ended := make(chan struct{})
	if !x.guard.Arm(guard.Func(func() { close(ended) }), x.engine.Clock.Now()) {
		return held, &attempt.Failure{Reason: x.guard.Disarm()}
	}
	look := func() (full bool) {
		if x.renewPool() {
			held, full = x.take()
		}
		return full
	}
	how := x.Backend.Pool.Queue().Await(x.Route.Balancing.MaxPending, x.Route.Timeouts.Connect, ended, look)
	switch cause := x.guard.Disarm(); {
	case how == balance.WaitEnded:
		return held, &attempt.Failure{Reason: cause}
	case how == balance.WaitRefused:
		return held, &attempt.Failure{Reason: reason.UpstreamBusy}
	case how == balance.WaitLate:
		return held, &attempt.Failure{Reason: reason.UpstreamBusy, Detail: "no connection to the service became free in time"}
	case held.Target == nil:
		return held, noTask
	}
	return held, nil
}
