// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"sync"
	"sync/atomic"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/coding"
	"github.com/warren-dev/ingress/proxy/decide"
	"github.com/warren-dev/ingress/proxy/errorpage"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/transport"
)

// Engine is what all exchanges have in common. It has nothing of the connections that they came on.
type Engine struct {
	// Basis is what they decide by.
	decide.Basis
	Metrics *observe.Metrics
	Log     *observe.Log // nil for none
	Tap     observe.Tap
	Buffers buffer.Pool
	Pipes   transport.Pipes
	Ejector *balance.Ejector
	// ContentMemory is the memory for contents that wait to be whole, or for another attempt.
	ContentMemory buffer.Memory
	// Encoders encodes contents of responses. ownEncoders is how much memory they take for routes without a backend.
	Encoders    coding.Encoders
	ownEncoders atomic.Int64
	// ErrorPages gets pages that stand in place of responses.
	ErrorPages errorpage.Fetcher
	exchanges  sync.Pool
	Logger     logr.Logger
}

// Begin returns an exchange for a request of a connection. The connection ends it with [Engine.End].
func (g *Engine) Begin(down client.Side, guard *guard.Guard, from *client.Origin, shard uint32) *Exchange {
	x, ok := g.exchanges.Get().(*Exchange)
	if !ok {
		x = new(Exchange)
	}
	x.engine, x.down, x.guard = g, down, guard
	x.Basis, x.Origin, x.Shard, x.Waiting = &g.Basis, from, shard, (*waiting)(x)
	return x
}

// End ends an exchange and all views of its request.
func (g *Engine) End(x *Exchange) {
	x.release()
	g.exchanges.Put(x)
}

// Record counts, logs, traces and shows an exchange that is over, while the views of its request still live.
func (g *Engine) Record(x *Exchange) {
	if x.Ended == 0 {
		x.Ended = g.Clock.Now()
	}
	if g.Tracer != nil && x.Trace == nil {
		x.EnterTrace() // for a head that was refused, as far as it could be read
	}
	r := x.completeRecord()
	g.Metrics.Count(r)
	if g.Tracer != nil {
		g.Tracer.Record(r)
	}
	if g.Log != nil {
		g.Log.Record(r)
	}
	g.Tap.Record(r)
}
