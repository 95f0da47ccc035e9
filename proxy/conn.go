package proxy

import (
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/message"
)

// conn is a downstream connection that speaks HTTP/1. One goroutine serves it.
type conn struct {
	*http1.ServerConn
	proxy     *Proxy
	transport *transport
	// stream is the transport, or TLS over it.
	stream http1.Transport
	origin origin
	guard  guard
	shard  uint32
	phase  atomic.Int32
}

// The phases of a connection. Whoever drains closes an idle one; a busy one ends by itself.
const (
	phaseIdle int32 = iota
	phaseBusy
	phaseClosed
)

func (c *conn) serve() {
	linger := c.run()
	c.phase.Store(phaseClosed)
	c.ServerConn.Close(linger)
}

// run serves one request after another. It says whether the client may still be sending.
func (c *conn) run() (linger bool) {
	for {
		if c.Await() != nil || !c.phase.CompareAndSwap(phaseIdle, phaseBusy) {
			return false
		}
		x := c.proxy.exchanges.Get().(*exchange)
		x.proxy, x.down, x.guard, x.origin, x.shard = c.proxy, c, &c.guard, &c.origin, c.shard
		v, more := c.exchange(x)
		up := x.upstream
		x.release()
		c.proxy.exchanges.Put(x)
		switch {
		case v == upgraded:
			c.tunnel(up)
			return false
		case v == torn:
			c.transport.reset()
			return false
		case !more:
			return true
		}
		if c.proxy.draining.Load() || !c.phase.CompareAndSwap(phaseBusy, phaseIdle) {
			return false
		}
	}
}

// exchange reads a request and serves it. It says how that ended and whether another may follow.
func (c *conn) exchange(x *exchange) (v verdict, more bool) {
	err := c.ReadRequest(&x.request)
	x.started, x.client = c.proxy.clock.now(), c.origin.peer
	if c.proxy.draining.Load() {
		c.CloseAfter()
	}
	switch refused := (*message.Error)(nil); {
	case err == nil:
		v = x.serve()
	case asError(err, &refused):
		c.CloseAfter()
		v = x.answer(reasonOfStatus(refused.Status), refused.Detail)
	default:
		return torn, false
	}
	if log := c.proxy.log; log != nil {
		log.record(x, c.proxy.clock.now())
	}
	if v == upgraded {
		return v, false
	}
	return v, c.EndExchange()
}

func asError(err error, target **message.Error) bool {
	e, ok := err.(*message.Error)
	*target = e
	return ok
}

// StopContent implements downstream.
func (c *conn) StopContent() { c.transport.stopReading() }

// ResumeContent implements downstream.
func (c *conn) ResumeContent() { c.transport.resumeReading() }

// tunnel relays bytes both ways after an upgrade.
func (c *conn) tunnel(up *upstreamConn) {
	t := tunnel{
		client: c.stream, upstream: up.transport,
		clock: c.proxy.clock, idle: c.proxy.config.IdleTimeout, buffers: &c.proxy.buffers,
	}
	t.run(c.Detach(), up.Detach())
}
