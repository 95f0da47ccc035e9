// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"math/rand/v2"

	"github.com/warren-dev/ingress/proxy/attempt"
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// chooseBackend chooses one of the route's backends, if there are several, by their weights. What the Hash policy keeps
// together goes to one of them, and a session stays with its own. Then it asks the policies of that backend.
func (x *Exchange) chooseBackend() reason.Reason {
	if x.route.Sessions != nil {
		x.findSession()
	}
	split := x.route.Split
	if split == nil {
		return reason.None
	}
	var chosen *routing.Backend
	switch {
	case x.session.state == routing.SessionStays:
		chosen = x.backend
	case x.route.Balancing.Policy == snapshot.Hash:
		x.findAffinity()
		chosen = split.Choose(x.hash)
	case x.view.Notes != nil:
		chosen = split.Heaviest()
	default:
		chosen = split.Choose(rand.Uint64())
	}
	switch {
	case chosen == nil:
		x.decision.detail = "every backend of the rule has the weight 0"
		return reason.NoHealthyTask
	case chosen.Pool == nil:
		return reason.InvalidBackend
	}
	x.backend = chosen
	if x.route.Mirrors != nil && len(chosen.Policies.Request) > 0 {
		x.copyForMirrors() // before these change it
	}
	why, _ := x.ask(chosen.Policies.Request)
	return why
}

// findAffinity finds out what the Hash policy chooses by, and makes the cookie that the client lacks for that.
func (x *Exchange) findAffinity() {
	from := balance.Client{Address: x.Client, Secure: x.Secure}
	if x.hash, x.cookie = balance.Affinity(&x.route.Balancing, from, x.request.Fields, x.cookieBuf); x.cookie != nil {
		x.cookieBuf = x.cookie
	}
}

// choose finds an endpoint with room for the request and takes a place there, or says why there is none.
func (x *Exchange) choose() (balance.Hold, attempt.Failure) {
	if limit := x.route.Balancing.MaxConnections; limit > 0 && x.backend.Pool.Queue().Waiting() > 0 {
		return x.await() // behind those who came before
	}
	h, full := x.take()
	switch {
	case h.Target != nil:
		return h, attempt.Failure{}
	case full:
		return x.await()
	}
	return balance.Hold{}, attempt.Failure{Reason: reason.NoHealthyTask}
}

// take takes a place at an endpoint of the pool as it is now. If there is none, full says whether there would be one
// without the limit on connections.
func (x *Exchange) take() (h balance.Hold, full bool) {
	c := balance.Choice{Hash: x.hash, Tried: x.tried, Limit: int64(x.route.Balancing.MaxConnections)}
	if e := x.pool.LoggedIn(x.origin.Logins, x.tried); e != nil {
		h, ok := x.pool.Hold(e, c.Limit)
		return h, !ok
	}
	if t := x.sessionTarget(); t != nil {
		h, ok := x.pool.Hold(t, c.Limit)
		return h, !ok
	}
	return x.pool.Take(x.route.Balancing.Policy, c)
}

// renewPool makes further choices use the pool of the running generation. It returns false if that has no such pool for
// routes like this one.
func (x *Exchange) renewPool() bool {
	p := x.engine.Generation.Load().Pool(x.backend.Pool.ID)
	if p == nil || !p.Serves(x.route.Balancing.Policy) {
		return false
	}
	x.pool = p
	return true
}

// await waits for an endpoint with room, for as long as making a connection may take. A client that goes away leaves
// the queue.
func (x *Exchange) await() (held balance.Hold, _ attempt.Failure) {
	ended := make(chan struct{})
	if !x.guard.Arm(guard.Func(func() { close(ended) }), x.engine.Clock.Now()) {
		return held, attempt.Failure{Reason: x.guard.Disarm()}
	}
	look := func() (full bool) {
		if x.renewPool() {
			held, full = x.take()
		}
		return full
	}
	how := x.backend.Pool.Queue().Await(x.route.Balancing.MaxPending, x.route.Timeouts.Connect, ended, look)
	switch cause := x.guard.Disarm(); {
	case how == balance.WaitEnded:
		return held, attempt.Failure{Reason: cause}
	case how == balance.WaitRefused:
		return held, attempt.Failure{Reason: reason.UpstreamBusy}
	case how == balance.WaitLate:
		return held, attempt.Failure{Reason: reason.UpstreamBusy, Detail: "no connection to the service became free in time"}
	case held.Target == nil:
		return held, attempt.Failure{Reason: reason.NoHealthyTask}
	}
	return held, attempt.Failure{}
}
