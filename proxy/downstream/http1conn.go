// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"bytes"
	"errors"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/pipeline"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// http1Conn is a connection that speaks HTTP/1.1. One goroutine serves it.
type http1Conn struct {
	*link
	*http1.ServerConn
	guard    guard.Guard
	activity atomic.Int32
	// idleSince is when the connection became idle last, or came.
	idleSince atomic.Int64
	// running is the exchange that has begun and not ended, or nil.
	running *pipeline.Exchange
	next    step
	watched watched
	logins  upstream.Logins
	// upgraded is what an exchange left that was upgraded, or nil.
	upgraded *upgraded
	// relayed is the tunnel, or nil.
	relayed atomic.Pointer[transport.Tunnel]
	// heads counts the memory that the connection holds for heads. It is nil while the connection rests.
	heads *headmemory.Share
	// used says, while the connection rests, whether a request has come on it.
	used bool
	// handedOver is set if the client turned out to speak HTTP/2.
	handedOver bool
}

// upgraded is what becomes of a connection after an upgrade: the other end of its tunnel, and what the tunnel holds.
type upgraded struct {
	upstream *upstream.Conn
	held     pipeline.Held
}

// step is what a connection does next.
type step uint8

const (
	// awaitRequest: the connection is idle, or has the first bytes of a request.
	awaitRequest step = iota
	// readHead: the rest of a head has to be read.
	readHead
	// serveRequest: the head was read, but not the content.
	serveRequest
	// dropContent: the response was sent, but the content was not read to its end.
	dropContent
	// relayTunnel, speakHTTP2, closeLingering, closeNow and closeTorn end the connection, or HTTP/1.1 on it.
	relayTunnel
	speakHTTP2
	closeLingering
	closeNow
	closeTorn
	// goOn leaves the connection to another goroutine.
	goOn
)

// speakHTTP1 returns what serves the connection to its end.
func (l *link) speakHTTP1() (serve func()) {
	c := &http1Conn{link: l}
	c.idleSince.Store(int64(c.came))
	c.origin.Logins = &c.logins
	c.speak()
	if c.excess {
		c.activity.Store(activityRefused)
		c.enter(c)
		return c.refuse
	}
	c.enter(c)
	return c.resume
}

// speak has requests read from the carrier.
func (c *http1Conn) speak() {
	s := c.server
	c.ServerConn = http1.NewServerConn(c.carrier, s.requestsAt(c.from))
	heads := s.config.Heads.Share(c, headmemory.PerConnection(s.config.MaxHeaderBytes))
	c.heads = &heads
	c.Hold(c.heads)
}

// refuse answers the first request of a connection beyond the limit, and closes the connection.
func (c *http1Conn) refuse() {
	defer c.leave()
	e := c.server.engine
	x := e.Begin(c, &c.guard, &c.origin, c.number)
	x.Began(e.Clock.Now())
	c.CloseAfter()
	x.Answer(reason.ConnectionLimit, "")
	e.Record(x)
	e.End(x)
	c.ServerConn.Close(true)
}

// resume serves a connection that is new, or that another goroutine has left.
func (c *http1Conn) resume() {
	defer c.leave()
	c.serve()
}

func (c *http1Conn) serve() {
	linger := false
	switch c.run() {
	case goOn:
		return
	case relayTunnel:
		c.tunnel()
	case speakHTTP2:
		c.handOver()
		return
	case closeLingering:
		linger = true
	case closeTorn:
		c.transport.Reset()
	}
	c.activity.Store(activityClosed)
	c.ServerConn.Close(linger)
}

// handOver serves HTTP/2 on the connection, to its end.
func (c *http1Conn) handOver() {
	received := bytes.Clone(c.Detach())
	c.Release()
	c.origin.Logins = nil // streams of one connection may be different users'
	c.logins.Close()
	c.heads.Leave()
	serve := c.speakHTTP2(received)
	c.handedOver = true // A panic before ends the connection here.
	serve()
}

// leave ends a goroutine's work on the connection. Either a new goroutine goes on with it, or it has ended.
func (c *http1Conn) leave() {
	fault := recover()
	if c.handedOver {
		return
	}
	if !c.contain(fault) && c.next == goOn {
		c.next = awaitRequest
		if !c.rest() {
			go c.resume()
		}
		return
	}
	c.over()
}

// over ends the work with a connection that is closed.
func (c *http1Conn) over() {
	c.logins.Close()
	if c.heads != nil {
		c.heads.Leave()
	}
	c.link.leave()
}

// run serves one request after another, until a step ends the connection. It returns that step.
func (c *http1Conn) run() step {
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
func (c *http1Conn) serveParked() (again bool) {
	c.next = c.turn(true)
	return c.next == awaitRequest && !c.Buffered()
}

// turn goes on with the running exchange, or begins one. While the connection is parked, it stops before it would have
// to read from it.
func (c *http1Conn) turn(parked bool) step {
	switch c.next {
	case serveRequest:
		return c.finish(c.running.Serve())
	case dropContent:
		return c.drop()
	}
	x := c.running
	if x == nil {
		if !c.begin() {
			return closeNow
		}
		x = c.server.engine.Begin(c, &c.guard, &c.origin, c.number)
		c.running = x
	}
	if !parked {
		c.activity.CompareAndSwap(activityBusy, activityReading)
	}
	err := c.ReadRequest(x.RequestHead())
	switch {
	case !parked && !c.activity.CompareAndSwap(activityReading, activityBusy):
		c.release(x)
		return closeNow // it gave way to another one
	case errors.Is(err, http1.ErrParked):
		return readHead
	case errors.Is(err, http1.ErrPriorKnowledge):
		c.release(x)
		return speakHTTP2
	}
	x.Began(c.server.engine.Clock.Now())
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
func (c *http1Conn) finish(v pipeline.Verdict) step {
	x := c.running
	c.server.engine.Record(x)
	c.idleSince.Store(int64(x.Ended))
	if v == pipeline.Upgraded {
		up, held := x.Tunnel()
		c.upgraded = &upgraded{up, held}
		c.release(x)
		return relayTunnel
	}
	more, late := c.EndExchange(), x.Reason == reason.RequestTimeout
	c.release(x)
	switch {
	case v == pipeline.Torn:
		return closeTorn
	case !more && late:
		return closeLingering // the client had its time
	case !more:
		return dropContent
	}
	return c.becomeIdle(true)
}

// becomeIdle makes the connection idle, if it can carry another exchange.
func (c *http1Conn) becomeIdle(reusable bool) step {
	switch {
	case !reusable:
		return closeLingering
	case !c.activity.CompareAndSwap(activityBusy, activityIdle) || c.from.closing.Load():
		return closeLingering // the client was not told and may have sent another request
	}
	return awaitRequest
}

func (c *http1Conn) release(x *pipeline.Exchange) {
	c.running = nil
	c.server.engine.End(x)
}

// WriteHead implements client.Side. While its listener drains, each response is its connection's last.
func (c *http1Conn) WriteHead(resp *message.Response) {
	if c.from.draining.Load() {
		c.CloseAfter()
	}
	c.ServerConn.WriteHead(resp)
}

// Socket implements client.Side.
func (c *http1Conn) Socket() *transport.TCP {
	if c.origin.Secure {
		return nil
	}
	return c.transport
}

// RestContent implements client.Side. A connection that is silent in the midst of a request holds up the
// requests behind it.
func (c *http1Conn) RestContent() bool { return false }

// LiftRate implements client.Side.
func (c *http1Conn) LiftRate() { c.guard.LiftRate() }

// LiftSendingRate implements client.Side. HTTP/1.1 has no calls whose messages may be far apart.
func (c *http1Conn) LiftSendingRate() {}

// BreakOff implements client.Side. HTTP/1.1 has no codes.
func (c *http1Conn) BreakOff(message.Reset) bool { return false }

// Overdraw implements [http2.Holder]. While a head is read or a response is on its way, nothing can be told to the
// client.
func (c *http1Conn) Overdraw() {
	c.guard.Shut(reason.HeadTooLarge)
	c.end(true)
}

// StopContent implements client.Side.
func (c *http1Conn) StopContent() { c.transport.StopReading() }

// ResumeContent implements client.Side.
func (c *http1Conn) ResumeContent() { c.transport.ResumeReading() }

// tunnel relays bytes both ways after an upgrade.
func (c *http1Conn) tunnel() {
	up := c.upgraded.upstream
	defer c.upgraded.held.Release()
	received := bytes.Clone(c.Detach())
	c.Release()
	t, fromUpstream := c.newTunnel(c.carrier, up)
	c.relayed.Store(t)
	t.Run(received, fromUpstream)
}

// Announce implements Conn. The next response tells the client.
func (c *http1Conn) Announce() {}

// Abort implements Conn. It shuts the guard first: closing the connection waits for a request that is served from
// within its read.
func (c *http1Conn) Abort() {
	c.guard.Shut(reason.ClientClosed)
	c.end(true)
}

// Running implements Conn.
func (c *http1Conn) Running() int {
	switch c.activity.Load() {
	case activityBusy, activityReading:
		return 1
	}
	return 0
}
