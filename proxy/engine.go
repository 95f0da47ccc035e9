// SPDX-License-Identifier: Apache-2.0

package proxy

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

// engine is what all exchanges have in common, and nothing of the connections that they came on.
type engine struct {
	clock      transport.Clock
	generation atomic.Pointer[routing.Generation]
	metrics    *observe.Metrics
	log        *observe.Log    // nil: none
	tracer     *observe.Tracer // nil: none
	buffers    buffer.Pool
	pipes      transport.Pipes
	ejector    *balance.Ejector
	exchanges  sync.Pool
	logger     logr.Logger
	// trusted are the peers whose forwarding fields are believed.
	trusted []netip.Prefix
}

// begin returns an exchange for a request that a connection brings, whose owner ends it by [engine.end].
func (g *engine) begin(down downstream, guard *guard, from *origin, shard uint32) *exchange {
	x, ok := g.exchanges.Get().(*exchange)
	if !ok {
		x = new(exchange)
	}
	x.engine, x.down, x.guard, x.origin, x.Shard = g, down, guard, from, shard
	return x
}

// began notes when the exchange's request came. Until its head says otherwise, the client is the connection's peer.
func (x *exchange) began(at time.Duration) { x.Started, x.Client = at, x.origin.peer }

// requestHead is where the exchange's owner puts the request's head before the exchange is served.
func (x *exchange) requestHead() *message.Request { return &x.request }

// tunnel is what an upgraded exchange leaves to its owner: the connection to the endpoint, and the place there, which
// the owner releases when the tunnel ends.
func (x *exchange) tunnel() (*upstream.Conn, balance.Hold) { return x.up.Sole(), x.hold }

// end ends an exchange and all views of its request.
func (g *engine) end(x *exchange) {
	x.release()
	g.exchanges.Put(x)
}

// record has an exchange that is over counted and told of, while the views of its request still live.
func (g *engine) record(x *exchange) {
	if x.Ended == 0 {
		x.Ended = g.clock.Now()
	}
	if g.tracer != nil && x.Trace == nil {
		x.enterTrace() // of a head that was refused, as much as could be read
	}
	r := x.completeRecord()
	g.metrics.Count(r)
	if g.tracer != nil {
		g.tracer.Record(r)
	}
	if g.log != nil {
		g.log.Record(r)
	}
}
