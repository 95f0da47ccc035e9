// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"errors"

	"github.com/warren-dev/ingress/proxy/attempt"
	"github.com/warren-dev/ingress/proxy/content"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// attempt tries one endpoint, under the name that the route's terms of TLS want.
func (x *Exchange) attempt(e *upstream.Endpoint) (Verdict, *attempt.Failure) {
	if d := x.Route.Timeouts.Attempt; d > 0 {
		x.deadline = guard.NewDeadline(d)
		defer x.deadline.Stop()
	}
	if e.Follows() {
		part := e.For(x.Host)
		defer part.Leave()
		return x.attemptAt(part)
	}
	return x.attemptAt(e)
}

// attemptAt tries one endpoint. It uses a connection that is there already, if it gets one.
func (x *Exchange) attemptAt(e *upstream.Endpoint) (Verdict, *attempt.Failure) {
	d := x.demand()
	if up := e.Take(d); up != nil {
		if v, failed := x.exchangeWith(up); failed == nil || !failed.Stale {
			return v, failed
		}
	}
	v, failed := x.afresh(e, d)
	if failed != nil && failed.Stale { // it is sent once more, without its expectation
		v, failed = x.afresh(e, d)
	}
	return v, failed
}

// afresh tries an endpoint on a new connection.
func (x *Exchange) afresh(e *upstream.Endpoint, d upstream.Demand) (Verdict, *attempt.Failure) {
	up, failed := x.connect(e, d)
	if failed != nil {
		return Torn, failed
	}
	return x.exchangeWith(up)
}

// demand returns what the exchange wants of a connection. A request that may lead to a tunnel, or that logs in a
// connection, wants one of its own.
func (x *Exchange) demand() upstream.Demand {
	upgrade := len(x.Head.Upgrade) > 0
	timeout := x.Route.Timeouts.Connect
	if d := x.Route.Timeouts.Attempt; d > 0 && (timeout == 0 || d < timeout) {
		timeout = d
	}
	return upstream.Demand{
		Timeout: timeout, Sole: upgrade || x.LogsIn, Upgrade: upgrade,
		Stream: &x.shared, Logins: x.Origin.Logins, Shard: x.Shard,
		Once: x.Head.HasContent() || !x.Head.Idempotent(), Limited: x.Route.Balancing.MaxConnections > 0, Now: x.Chosen,
	}
}

// connect makes a new connection to the endpoint, or waits for one that is being made.
func (x *Exchange) connect(e *upstream.Endpoint, d upstream.Demand) (upstream.Exchange, *attempt.Failure) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if !x.guard.Arm(guard.Func(cancel), x.engine.Clock.Now()) {
		return nil, &attempt.Failure{Reason: x.guard.Disarm()}
	}
	up, err := e.Dial(ctx, d)
	if cause := x.guard.Disarm(); cause != reason.None {
		if err == nil {
			_ = up.Close()
			up.EndExchange(false, x.Shard, x.engine.Clock.Now())
		}
		return nil, &attempt.Failure{Reason: cause}
	}
	if err == nil {
		return up, nil
	}
	failed := attempt.Unconnected(err, x.Backend.Pool.TLS.ServerNameFromRequest)
	if failed.Reason == reason.UpstreamTLSFailed {
		x.engine.Logger.V(1).Info("no TLS with an endpoint", "endpoint", e.String(), "pool", x.pool.ID, "cause", err.Error())
	}
	return nil, &failed
}

// exchangeWith sends the request on a connection and relays the response. Then it gives the connection back or closes
// it. After an upgrade the connection stays in x.up.
func (x *Exchange) exchangeWith(up upstream.Exchange) (Verdict, *attempt.Failure) {
	x.up = up
	if x.LogsIn {
		x.claim(up)
	}
	x.stall = x.Route.Patience
	up.StallAfter(x.stall)
	up.StallWritesAfter(x.Route.Timeouts.Idle)
	if !x.guard.Arm(up, x.Started) {
		return Torn, x.fail(up, nil)
	}
	x.deadline.Watch(up)
	if x.Head.ContentLength == message.UnknownLength {
		if err := x.measure(up); err != nil {
			x.guard.End(x.number, content.Cause(err))
			return Torn, x.fail(up, err)
		}
	}
	up.WriteHead(&x.Head)
	// If sending fails, there may be a response all the same: a server may refuse a request before it has read it.
	sendErr := x.send(up)
	if err := x.awaitResponse(up); err != nil {
		if sendErr != nil && !upstream.IsTLSFault(err) && !errors.Is(err, message.ErrUnprocessed) {
			err = sendErr
		}
		return Torn, x.fail(up, err)
	}
	if !x.Head.HasContent() && upstream.IsStray(up) { // one with content may be answered before it was read
		return Torn, x.fail(up, upstream.ErrStray)
	}
	if x.withdrawExpectation(up) {
		return Torn, x.leave(up)
	}
	if upstream.AsksForLogin(up.Response()) {
		x.claim(up)
	}
	if x.Route.Retry != nil && x.rejects(up) {
		return Torn, x.reject(up)
	}
	x.upload.Answered()
	x.Answered = x.engine.Clock.Now()
	x.hold.Target.Succeeded(x.Answered)
	x.Status = up.Response().Status
	if x.Status == 101 {
		return x.upgrade(up)
	}
	if x.opening.Taken(up.Response()) {
		return Torn, x.fail(up, &message.Error{Status: 502, Detail: "a success that changes no protocol"})
	}
	if x.Route.ErrorPages != nil {
		return x.relayOrPage(up)
	}
	return x.relay(up)
}

// claim makes a connection private to the client of the exchange.
func (x *Exchange) claim(up upstream.Exchange) {
	if c := up.Sole(); c != nil {
		c.Claim(x.Origin.Logins)
	}
}
