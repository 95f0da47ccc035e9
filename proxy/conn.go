// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/pipeline"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// conn is a downstream connection. One goroutine serves it, or reads it where it speaks HTTP/2.
type conn struct {
	*http1.ServerConn
	proxy     *Proxy
	tcp       *net.TCPConn
	transport *transport.TCP
	// stream is the transport, or TLS over it.
	stream transport.Stream
	origin client.Origin
	guard  pipeline.Guard
	shard  uint32
	phase  atomic.Int32
	// over is set on a connection too many, which does not count as open.
	over bool
	// running is the exchange that was begun and has not ended, or nil.
	running *pipeline.Exchange
	next    step
	watched watched
	logins  upstream.Logins
	// upstream is the other end of the tunnel after an upgrade.
	upstream *upstream.Conn
	// hold is the tunnel's place at its endpoint.
	hold balance.Hold
	// heads is what the connection holds of them, as long as it speaks HTTP/1.
	heads headmemory.Share
	// session is set once the connection speaks HTTP/2.
	session atomic.Pointer[session]
}

// step is what a connection does next.
type step uint8

const (
	// awaitRequest: the connection is idle, or has the first bytes of a request.
	awaitRequest step = iota
	// readHead: the rest of a head has to be read.
	readHead
	// serveRequest: the head was read; its content has to be.
	serveRequest
	// relayTunnel, speakHTTP2, closeLingering, closeNow and closeTorn end the connection, or HTTP/1 on it.
	relayTunnel
	speakHTTP2
	closeLingering
	closeNow
	closeTorn
	// goOn leaves the connection to another goroutine.
	goOn
)

func (c *conn) serve() {
	linger := false
	switch c.run() {
	case goOn:
		return
	case relayTunnel:
		c.tunnel(c.upstream)
	case speakHTTP2:
		received := bytes.Clone(c.Detach())
		c.Release()
		c.serveHTTP2(received)
	case closeLingering:
		linger = true
	case closeTorn:
		c.transport.Reset()
	}
	c.phase.Store(phaseClosed)
	c.ServerConn.Close(linger)
}

// leave ends a goroutine's work on the connection: the connection goes on with another one, or has ended. A panic
// outside of what [exchange.serve] contains ends this connection and no other.
func (c *conn) leave() {
	p := c.proxy
	if fault := recover(); fault != nil {
		_ = c.tcp.SetLinger(0)
		_ = c.tcp.Close()
		p.config.Logger.Error(fmt.Errorf("%v", fault), "panic while serving a connection", "stack", string(debug.Stack()))
	} else if c.next == goOn {
		c.next = awaitRequest
		go c.resume()
		return
	}
	c.logins.Close()
	p.conns.remove(c)
	c.heads.Leave()
	if !c.over {
		p.open.Add(-1)
	}
	p.serving.Done()
}

// resume serves a connection that another goroutine has left.
func (c *conn) resume() {
	defer c.leave()
	c.serve()
}

// run serves one request after another, until a step that ends the connection.
func (c *conn) run() step {
	parked := c.serveParked
	for c.next < relayTunnel {
		if c.next == awaitRequest {
			if c.Await(parked) != nil {
				c.next = c.awoken()
				break
			}
			if c.next >= relayTunnel {
				break
			}
		}
		c.next = c.turn(false)
	}
	return c.next
}

// serveParked serves a request from within the wait for the next one, if all of it is there.
func (c *conn) serveParked() (again bool) {
	c.next = c.turn(true)
	return c.next == awaitRequest && !c.Buffered()
}

// turn takes the running exchange on, or begins one. While the connection is parked it goes no further than it can
// without reading from it.
func (c *conn) turn(parked bool) step {
	if c.next == serveRequest {
		return c.finish(c.running.Serve())
	}
	x := c.running
	if x == nil {
		if !c.begin() {
			return closeNow
		}
		x = c.proxy.engine.Begin(c, &c.guard, &c.origin, c.shard)
		c.running = x
	}
	err := c.ReadRequest(x.RequestHead())
	switch {
	case errors.Is(err, http1.ErrParked):
		return readHead
	case errors.Is(err, http1.ErrPriorKnowledge):
		c.release(x)
		return speakHTTP2
	}
	x.Began(c.proxy.engine.Clock.Now())
	if err != nil {
		refused, ok := errors.AsType[*message.Error](err)
		if !ok {
			c.release(x)
			return closeTorn
		}
		c.CloseAfter()
		return c.finish(x.Refuse(refused))
	}
	if parked && !c.ContentBuffered() {
		return serveRequest
	}
	return c.finish(x.Serve())
}

// finish ends the running exchange.
func (c *conn) finish(v pipeline.Verdict) step {
	x := c.running
	c.proxy.engine.Record(x)
	if v == pipeline.Upgraded {
		c.upstream, c.hold = x.Tunnel()
		c.release(x)
		return relayTunnel
	}
	more := c.EndExchange()
	c.release(x)
	switch {
	case v == pipeline.Torn:
		return closeTorn
	case !more:
		return closeLingering
	case !c.phase.CompareAndSwap(phaseBusy, phaseIdle) || c.proxy.closing.Load():
		return closeLingering // the client was not told and may have sent another request
	}
	return awaitRequest
}

func (c *conn) release(x *pipeline.Exchange) {
	c.running = nil
	c.proxy.engine.End(x)
}

// WriteHead implements downstream. While the proxy drains, each response is its connection's last.
func (c *conn) WriteHead(resp *message.Response) {
	if c.proxy.draining.Load() {
		c.CloseAfter()
	}
	c.ServerConn.WriteHead(resp)
}

// Socket implements downstream.
func (c *conn) Socket() *transport.TCP {
	if c.origin.Secure {
		return nil
	}
	return c.transport
}

// RestContent implements downstream. A connection that is silent in the midst of a request holds up those after it.
func (c *conn) RestContent() bool { return false }

// BreakOff implements downstream: HTTP/1.1 has no codes.
func (c *conn) BreakOff(message.Reset) bool { return false }

// Overdraw implements [http2.Holder]: nothing can be said while a head is read or a response is on its way.
func (c *conn) Overdraw() {
	c.guard.Shut(reason.HeadTooLarge)
	c.transport.Reset()
}

// StopContent implements downstream.
func (c *conn) StopContent() { c.transport.StopReading() }

// ResumeContent implements downstream.
func (c *conn) ResumeContent() { c.transport.ResumeReading() }

// tunnel relays bytes both ways after an upgrade.
func (c *conn) tunnel(up *upstream.Conn) {
	defer c.hold.Release()
	received := bytes.Clone(c.Detach())
	c.Release()
	t, fromUpstream := c.proxy.newTunnel(c.stream, up)
	t.Run(received, fromUpstream)
}

// newTunnel returns the tunnel between a client and the endpoint that answered it with a 101, and what the endpoint
// sent behind that.
func (p *Proxy) newTunnel(client transport.Side, up *upstream.Conn) (t *transport.Tunnel, received []byte) {
	carrier, below, received := up.LeaveHTTP(p.config.ReadTimeout)
	return transport.NewTunnel(client, carrier, below, p.engine.Clock, p.config.IdleTimeout, &p.engine.Buffers), received
}
