// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/coding"
	"github.com/warren-dev/ingress/proxy/content"
	"github.com/warren-dev/ingress/proxy/decide"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/limit"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// Exchange is one request on its way through the proxy. It belongs to one connection at a time, and is used again.
type Exchange struct {
	// Decision is what was decided about the request before an endpoint is chosen.
	decide.Decision
	progress
	// memory is what the next use of the exchange keeps.
	memory
}

// progress is how far an exchange has come. All of it is forgotten before the next use. It is a part of its own, so
// that what is kept stays where it is.
type progress struct {
	engine *Engine
	down   client.Side
	// up is nil while the exchange has no connection to an endpoint.
	up     upstream.Exchange
	shared upstream.Stream // what up points to if the connection is shared
	guard  *guard.Guard
	number uint64

	// pool is where endpoints are chosen. It is the backend's, or the one that took its place since. hold is the place at
	// the chosen endpoint.
	pool   *balance.Pool
	hold   balance.Hold
	upload content.Upload
	// opening is what HTTP/1.1 demands of a client that opens a WebSocket, for a client whose protocol does not.
	opening message.Opening
	// retries is how often the request was tried again, and rounds how often that began with all endpoints anew.
	retries, rounds int
	// timer ends the exchange when its time is over. It is nil until something is waited for, and if there is no such
	// time.
	timer *time.Timer
	// deadline is that of the attempt, nil for none.
	deadline *guard.Deadline
	// stall is how long the endpoint may let the exchange rest, now.
	stall time.Duration
	// released is set once the memory of the request's head was given back, so that the head cannot be sent again.
	released bool
	// informed is set once a 1xx response went to the client. invited is set once the endpoint asked for the content with
	// a 100.
	informed, invited bool

	// encoded encodes the response's content, if it is to be encoded.
	encoded coding.Writer

	// proxyStatus replaces the usual Proxy-Status of the reason in an answer of our own, unless it is nil.
	proxyStatus []byte
}

// Serve takes a request with a complete head through all phases. A panic ends this request alone.
func (x *Exchange) Serve() (v Verdict) {
	defer func() {
		if x.timer != nil {
			x.timer.Stop()
		}
		x.encoded.Release()
		if v != Upgraded { // a tunnel keeps its own
			x.View.Slots.Release()
		}
	}()
	defer func() {
		if p := recover(); p != nil {
			x.engine.Logger.Error(fmt.Errorf("%v", p), "panic while serving a request", "stack", string(debug.Stack()))
			v = x.afterPanic()
		}
	}()
	x.number = x.guard.Begin()
	x.Generation = x.engine.Generation.Load()
	return x.admit()
}

func (x *Exchange) afterPanic() Verdict {
	x.disarm()
	x.deadline.Stop()
	up := x.up
	if x.up = nil; up != nil {
		_ = up.Close()
	}
	x.upload.Stop(x.down)
	if up != nil && up.Sole() == nil {
		up.EndExchange(false, x.Shard, x.engine.Clock.Now()) // the exchange, which the stream is part of, is used again
	}
	x.hold.Release()
	x.down.CloseAfter()
	x.Reply = decide.Reply{}
	if x.down.Started() {
		x.Reason = reason.InternalError
		return Torn
	}
	return x.Answer(reason.InternalError, "")
}

// admit answers a request itself or forwards it to an endpoint.
func (x *Exchange) admit() Verdict {
	if x.engine.Tracer != nil {
		x.EnterTrace()
	}
	switch why := x.Decide(); why {
	case reason.None:
		return x.forward()
	case reason.ACMEChallenge:
		return x.answerChallenge(x.Reply.Proof)
	case reason.RedirectToHTTPS:
		return x.answerRedirect()
	default:
		return x.answerOfRule(why)
	}
}

// release lets go of everything that is not the exchange's own memory.
func (x *Exchange) release() {
	x.upload.Drop()
	x.Decision.End()
	x.memory.empty()
	x.progress = progress{}
}

// Began notes when the exchange's request came. Until its head says otherwise, the client is the connection's peer.
func (x *Exchange) Began(at time.Duration) { x.Started, x.Client = at, x.Origin.Peer }

// RequestHead returns where the exchange's owner puts the request's head before it calls Serve.
func (x *Exchange) RequestHead() *message.Request { return &x.Head }

// Tunnel returns what an upgraded exchange leaves to its owner: the connection to the endpoint, and what the tunnel
// holds until it ends.
func (x *Exchange) Tunnel() (*upstream.Conn, Held) { return x.up.Sole(), Held{x.hold, x.View.Slots} }

// Held is what a tunnel holds: its place at the endpoint, and what it takes of the limits of its route.
type Held struct {
	hold  balance.Hold
	slots limit.Slots
}

// Release gives all of it back. The owner of the tunnel calls it once the tunnel has ended.
func (h *Held) Release() {
	h.hold.Release()
	h.slots.Release()
}
