// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// Engine is what all exchanges have in common, and nothing of the connections that they came on.
type Engine struct {
	Clock      transport.Clock
	Generation atomic.Pointer[routing.Generation]
	Metrics    *observe.Metrics
	Log        *observe.Log    // nil: none
	Tracer     *observe.Tracer // nil: none
	Buffers    buffer.Pool
	Pipes      transport.Pipes
	Ejector    *balance.Ejector
	exchanges  sync.Pool
	Logger     logr.Logger
	// Trusted are the peers whose forwarding fields are believed.
	Trusted []netip.Prefix
}

// Begin returns an exchange for a request that a connection brings, whose owner ends it by [engine.end].
func (g *Engine) Begin(down Downstream, guard *Guard, from *Origin, shard uint32) *Exchange {
	x, ok := g.exchanges.Get().(*Exchange)
	if !ok {
		x = new(Exchange)
	}
	x.engine, x.down, x.guard, x.origin, x.Shard = g, down, guard, from, shard
	return x
}

// Began notes when the exchange's request came. Until its head says otherwise, the client is the connection's peer.
func (x *Exchange) Began(at time.Duration) { x.Started, x.Client = at, x.origin.Peer }

// RequestHead is where the exchange's owner puts the request's head before the exchange is served.
func (x *Exchange) RequestHead() *message.Request { return &x.request }

// Tunnel is what an upgraded exchange leaves to its owner: the connection to the endpoint, and the place there, which
// the owner releases when the tunnel ends.
func (x *Exchange) Tunnel() (*upstream.Conn, balance.Hold) { return x.up.Sole(), x.hold }

// End ends an exchange and all views of its request.
func (g *Engine) End(x *Exchange) {
	x.release()
	g.exchanges.Put(x)
}

// Record has an exchange that is over counted and told of, while the views of its request still live.
func (g *Engine) Record(x *Exchange) {
	if x.Ended == 0 {
		x.Ended = g.Clock.Now()
	}
	if g.Tracer != nil && x.Trace == nil {
		x.enterTrace() // of a head that was refused, as much as could be read
	}
	r := x.completeRecord()
	g.Metrics.Count(r)
	if g.Tracer != nil {
		g.Tracer.Record(r)
	}
	if g.Log != nil {
		g.Log.Record(r)
	}
}
