// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// Exchange is one request on its way through the proxy. It is made for one connection at a time and used again.
type Exchange struct {
	engine *Engine
	down   Downstream
	// up is nil while the exchange has no connection to an endpoint.
	up     upstream.Exchange
	shared upstream.Stream // what up is where the connection is shared
	guard  *Guard
	origin *client.Origin
	number uint64

	// Record is what observers are told once the exchange is over. Its shard is also where this connection looks for idle
	// upstream connections first.
	observe.Record
	// memory is what the exchange is used again for.
	memory

	generation *routing.Generation
	route      *routing.Route
	// view is what the route's policies see.
	view policy.View
	// decision is empty where an endpoint is to be asked.
	decision decision
	// path is canonical, what the route was found by, before any rewriting.
	path []byte
	// idBuf is the memory of a request id that was made here.
	idBuf client.RequestID

	// pool is where endpoints are chosen, hash what by; hold is the place at the one that was.
	pool   *balance.Pool
	hash   uint64
	hold   balance.Hold
	upload upload
	kept   kept
	// opening is that of a WebSocket whose client makes none.
	opening message.Opening
	// stall is how long the endpoint may let the exchange rest, now.
	stall time.Duration
	// logsIn is set where the request logs in the connection that it takes.
	logsIn bool
	// marked is set where the request went through a proxy that leaves a mark.
	marked bool
	// informed is set once a 1xx response went to the client, cookie while it is to be given one.
	informed bool
	cookie   []byte

	// proxyStatus is what an answer of our own says in place of what its reason says as a rule, or nil.
	proxyStatus []byte
}

// Serve takes a request whose head was read through all phases. A panic ends this request alone.
func (x *Exchange) Serve() (v Verdict) {
	defer func() {
		if p := recover(); p != nil {
			x.engine.Logger.Error(fmt.Errorf("%v", p), "panic while serving a request", "stack", string(debug.Stack()))
			v = x.afterPanic()
		}
	}()
	x.number = x.guard.Begin()
	x.generation = x.engine.Generation.Load()
	return x.admit()
}

func (x *Exchange) afterPanic() Verdict {
	x.guard.Disarm()
	up := x.up
	if x.up = nil; up != nil {
		_ = up.Close()
	}
	x.stopUpload()
	if up != nil && up.Sole() == nil {
		up.EndExchange(false, x.Shard, x.engine.Clock.Now()) // the stream is part of what goes on
	}
	x.hold.Release()
	x.down.CloseAfter()
	if x.down.Started() {
		x.Reason = reason.InternalError
		return Torn
	}
	return x.Answer(reason.InternalError, "")
}

// admit takes a request to an answer of our own or to an endpoint.
func (x *Exchange) admit() Verdict {
	if x.engine.Tracer != nil {
		x.enterTrace()
	}
	switch why := x.decide(); why {
	case reason.None:
		return x.forward()
	case reason.ACMEChallenge:
		return x.answerChallenge(x.decision.proof)
	case reason.RedirectToHTTPS:
		return x.answerRedirect()
	default:
		return x.Answer(why, x.decision.detail)
	}
}

// release ends the exchange's hold on everything that is not its own memory.
func (x *Exchange) release() {
	x.kept.drop()
	if x.Trace != nil {
		x.engine.Tracer.End(x.Trace)
	}
	x.memory.empty()
	*x = Exchange{memory: x.memory}
}

// Began notes when the exchange's request came. Until its head says otherwise, the client is the connection's peer.
func (x *Exchange) Began(at time.Duration) { x.Started, x.Client = at, x.origin.Peer }

// RequestHead is where the exchange's owner puts the request's head before the exchange is served.
func (x *Exchange) RequestHead() *message.Request { return &x.request }

// Tunnel is what an upgraded exchange leaves to its owner: the connection to the endpoint, and the place there, which
// the owner releases when the tunnel ends.
func (x *Exchange) Tunnel() (*upstream.Conn, balance.Hold) { return x.up.Sole(), x.hold }
