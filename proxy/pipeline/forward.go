// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// failure is an attempt that brought no response. The zero value is none.
type failure struct {
	reason reason.Reason
	detail string
	// again is set where another endpoint may be tried: nothing of the request was sent, or it does no harm twice and
	// nothing of a response came.
	again bool
	// left is set where the endpoint went before anything was sent to it.
	left bool
	// endpoint is set where the endpoint is to blame: it took no connection, or gave no answer on one.
	endpoint bool
	// untrusted is set where it is the endpoint's certificate that was refused.
	untrusted bool
	// stale is set where the endpoint closed a connection that had been idle, as it may at any time, and the request can
	// be sent again on a new one.
	stale bool
	// cause is what the endpoint did, where that is of use to the client.
	cause error
}

// forward sends the request to an endpoint, to another one where that is safe, and relays the response.
func (x *Exchange) forward() Verdict {
	x.dropForeignUpgrade()
	if d := x.route.Timeouts.Request; d > 0 {
		g, number := x.guard, x.number
		timer := time.AfterFunc(d, func() { g.End(number, reason.UpstreamRequestTimeout) })
		defer timer.Stop()
	}
	x.pool = x.route.Pool
	x.pool.Count(x.Started)
	if b := &x.route.Balancing; b.Policy == snapshot.Hash {
		x.hash = x.affinityKey(b)
	}
	var failed failure
	for retries := x.route.Retries; ; {
		held, none := x.choose()
		if none.reason != reason.None {
			if failed.reason == reason.None || failed.left {
				failed = none
			}
			break
		}
		x.hold = held
		if x.Chosen == 0 {
			x.Chosen = x.engine.Clock.Now()
		}
		x.beginAttempt(held.Target)
		var v Verdict
		v, failed = x.attempt(&held.Target.Endpoint)
		x.endAttempt(failed)
		if failed.reason == reason.None {
			if v != Upgraded { // which holds its place until the tunnel ends
				x.hold.Release()
			}
			return v
		}
		x.hold.Release()
		if failed.endpoint {
			x.engine.Ejector.Failed(held.Target)
		}
		x.pool.Failed(failed.reason)
		if failed.left {
			// It may have come back meanwhile, and be the only one.
			if x.renewPool() {
				x.forgetAttempt()
			}
			continue
		}
		if !failed.again || retries == 0 || !x.pool.AllowRetry(x.engine.Clock.Now()) {
			break
		}
		retries--
		x.renewPool()
	}
	if failed.untrusted {
		x.proxyStatus = certificateRefused
	}
	// A gRPC client makes more of the code than of a status (its protocol's table of "HTTP2 Error Code"): CANCEL after its
	// deadline says that the server kept to that.
	if code, ok := errors.AsType[message.Reset](failed.cause); ok && x.isCall() && x.down.BreakOff(code) {
		x.Reason, x.Status = failed.reason, failed.reason.Status()
		return Torn
	}
	return x.Answer(failed.reason, failed.detail)
}

// isCall says whether the request is a call by gRPC.
func (x *Exchange) isCall() bool { return message.IsGRPC(x.request.Fields) }

// dropForeignUpgrade keeps the client from changing to a protocol that would take the connection out of the
// proxy's sight although it is HTTP or TLS again. Where such a one is among several, none is asked for. HTTP/2 has no
// upgrades (RFC 9113, section 8.6).
func (x *Exchange) dropForeignUpgrade() {
	if x.route.Pool.H2C || isForeign(x.request.Upgrade) {
		x.request.Upgrade = nil
	}
}

// isForeign says whether HTTP or TLS is in a list of protocols.
func isForeign(protocols []byte) (foreign bool) {
	message.Elements(protocols, func(p []byte) bool {
		foreign = message.EqualFold(p, "h2c") || len(p) >= 4 && (message.EqualFold(p[:4], "http") || message.EqualFold(p[:4], "tls/"))
		return !foreign
	})
	return foreign
}

// attempt tries one endpoint, on a connection that is there if one can be had.
func (x *Exchange) attempt(e *upstream.Endpoint) (Verdict, failure) {
	d := x.demand()
	if up := e.Take(d); up != nil {
		if v, failed := x.exchangeWith(up); !failed.stale {
			return v, failed
		}
	}
	up, failed := x.connect(e, d)
	if failed.reason != reason.None {
		return Torn, failed
	}
	return x.exchangeWith(up)
}

// demand is what the exchange wants of a connection: one of its own for what may lead to a tunnel or logs in a
// connection.
func (x *Exchange) demand() upstream.Demand {
	upgrade := len(x.request.Upgrade) > 0
	return upstream.Demand{
		Timeout: x.route.Timeouts.Connect, Sole: upgrade || x.logsIn, Upgrade: upgrade,
		Stream: &x.shared, Logins: x.origin.Logins, Shard: x.Shard,
	}
}

// connect makes a new connection to the endpoint, or waits for one that is being made.
func (x *Exchange) connect(e *upstream.Endpoint, d upstream.Demand) (upstream.Exchange, failure) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if !x.guard.Arm(closerFunc(cancel), x.engine.Clock.Now()) {
		return nil, failure{reason: x.guard.Disarm()}
	}
	up, err := e.Dial(ctx, d)
	if cause := x.guard.Disarm(); cause != reason.None {
		if err == nil {
			_ = up.Close()
			up.EndExchange(false, x.Shard, x.engine.Clock.Now())
		}
		return nil, failure{reason: cause}
	}
	switch timeout := net.Error(nil); {
	case err == nil:
		return up, failure{}
	case err == upstream.ErrRetired:
		return nil, failure{reason: reason.NoHealthyTask, left: true}
	case errors.As(err, &timeout) && timeout.Timeout():
		return nil, failure{reason: reason.UpstreamConnectTimeout, again: true, endpoint: true}
	case upstream.IsTLSFault(err):
		x.engine.Logger.V(1).Info("no TLS with an endpoint", "endpoint", e.String(), "pool", x.pool.ID, "cause", err.Error())
		failed := tlsFailure(err)
		failed.again = true
		return nil, failed
	}
	return nil, failure{reason: reason.UpstreamConnectFailed, again: true, endpoint: true}
}

type closerFunc func()

func (f closerFunc) Close() error { f(); return nil }

// exchangeWith sends the request on a connection and relays the response. The connection is given back or
// closed, except after an upgrade, when it stays in x.up.
func (x *Exchange) exchangeWith(up upstream.Exchange) (Verdict, failure) {
	x.up = up
	if x.logsIn {
		x.claim(up)
	}
	x.stall = x.route.Patience
	up.StallAfter(x.stall)
	up.StallWritesAfter(x.route.Timeouts.Idle)
	if !x.guard.Arm(up, x.Started) {
		return Torn, x.fail(up, nil)
	}
	up.WriteHead(&x.request)
	// Where sending fails, a response may be there all the same: a server may refuse a request before it has read it.
	sendErr := x.send(up)
	if err := x.awaitResponse(up); err != nil {
		if sendErr != nil && !upstream.IsTLSFault(err) && !errors.Is(err, message.ErrUnprocessed) {
			err = sendErr
		}
		return Torn, x.fail(up, err)
	}
	if x.isStray(up) {
		return Torn, x.fail(up, errStray)
	}
	if upstream.AsksForLogin(up.Response()) {
		x.claim(up)
	}
	x.kept.drop()
	x.Answered = x.engine.Clock.Now()
	x.hold.Target.Succeeded()
	x.Status = up.Response().Status
	if x.Status == 101 {
		return x.upgrade(up)
	}
	if x.opening.taken(up.Response()) {
		return Torn, x.fail(up, &message.Error{Status: 502, Detail: "a success that changes no protocol"})
	}
	return x.relay(up)
}

// fail closes the connection after an attempt that brought no response, and says what to make of it.
func (x *Exchange) fail(up upstream.Exchange, err error) failure {
	cause := x.guard.Disarm()
	answering := up.Answering()
	_ = up.Close()
	uploading := x.upload.done != nil
	x.stopUpload()
	sent, reused := up.Sent(), up.Reused()
	up.EndExchange(false, x.Shard, x.engine.Clock.Now())
	x.up = nil
	unprocessed := !sent || errors.Is(err, message.ErrUnprocessed)
	untouched := !uploading && !x.request.HasContent() || unprocessed && x.kept.whole()
	repeatable := untouched && !x.informed && (unprocessed || x.request.Idempotent())
	again := repeatable && !answering
	switch {
	case cause != reason.None:
		return failure{reason: cause}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return failure{reason: reason.UpstreamTimeout, again: again, endpoint: true}
	case errors.Is(err, message.ErrForeign):
		return failure{reason: reason.UpstreamMalformed, detail: "the service does not answer in HTTP/2", again: again, endpoint: true}
	case isMalformed(err), message.IsFault(err):
		// On a connection that was there before, it may be what the endpoint sent too much after the last response.
		return failure{reason: reason.UpstreamMalformed, stale: repeatable && reused && isMalformed(err)}
	case upstream.IsTLSFault(err):
		failed := tlsFailure(err)
		failed.again, failed.stale = again, again && reused
		return failed
	}
	// Whoever stops or has no room for more streams says so, and is not to blame.
	return failure{reason: reason.UpstreamReset, again: again, stale: again && reused, endpoint: !errors.Is(err, message.ErrUnprocessed), cause: err}
}

// tlsFailure is that of an attempt that failed at TLS.
func tlsFailure(err error) failure {
	detail, untrusted := upstream.DescribeTLSFault(err)
	return failure{reason: reason.UpstreamTLSFailed, detail: detail, untrusted: untrusted, endpoint: true}
}

func isMalformed(err error) bool {
	_, ok := errors.AsType[*message.Error](err)
	return ok
}

// isStray says whether the response was sent before the endpoint had the request: it cannot be its answer. What servers
// send too much is content that follows a response without any, or that they did not understand something: only then
// does it cost a look. A request with content may be answered before it was read.
func (x *Exchange) isStray(up upstream.Exchange) bool {
	c := up.Sole()
	return c != nil && c.Reused() && (c.Suspect() || up.Response().Status >= 400) && !x.request.HasContent() &&
		c.Unheard()
}

var errStray = &message.Error{Status: 502, Detail: "a response that was sent before the request had arrived"}

// awaitResponse reads the head of the final response and relays those that come before it.
func (x *Exchange) awaitResponse(up upstream.Exchange) error {
	for range upstream.MaxInformational {
		x.boundWaits(up)
		if err := up.ReadResponse(x.request.Method); err != nil {
			return err
		}
		resp := up.Response()
		if !resp.Informational() {
			return nil
		}
		x.upload.invited = x.upload.invited || resp.Status == 100
		x.informed = true
		if err := x.down.WriteInformational(resp); err != nil {
			x.guard.End(x.number, reason.ClientClosed)
			return err
		}
	}
	return upstream.ErrManyInformational
}

// relay sends the response on as it comes. The head waits for content only as long as there is some already.
func (x *Exchange) relay(up upstream.Exchange) (Verdict, failure) {
	resp, content, w := up.Response(), up.Content(), x.down.Response()
	for _, change := range x.route.Policies.Response {
		change(x.viewed(), resp)
	}
	if x.cookie != nil {
		x.setCookie(resp)
	}
	if x.request.ExpectContinue && !x.upload.invited && !x.boundWaits(up) {
		// The client need not send the content any more: what it sends next cannot be told from it (RFC 9110, section
		// 10.1.1).
		x.down.CloseAfter()
	}
	x.down.WriteHead(resp)
	up.ReleaseHead()
	talk := x.converse(up)
	defer talk.end()
	for !content.Ended() {
		bounded := x.boundWaits(up)
		if !content.Buffered() {
			if bounded || x.request.Version == message.HTTP2 { // or the upload reads behind the head
				x.releaseHead()
			}
			if idle := x.route.Timeouts.Idle; x.stall != idle { // it has begun to answer
				x.stall = idle
				if bounded {
					up.StallAfter(idle)
				}
			}
			if err := w.Flush(); err != nil {
				return x.clientWentAway(up), failure{}
			}
			var socket *transport.TCP
			if bounded { // splicing would not notice the end of the upload
				socket = x.down.Socket()
			}
			if ok, readErr, writeErr := spliceContent(w, socket, content, up.Sole().Socket(), &x.engine.Pipes); writeErr != nil {
				return x.clientWentAway(up), failure{}
			} else if readErr != nil {
				return x.tear(up, readErr)
			} else if ok {
				break
			}
		}
		room, err := w.Room()
		if err != nil {
			return x.clientWentAway(up), failure{}
		}
		n, err := content.Read(room)
		talk.note()
		if err := w.Advance(n); err != nil {
			return x.tear(up, err)
		}
		if err != nil && err != io.EOF {
			return x.tear(up, err)
		}
	}
	if err := w.End(content.Trailers()); err != nil {
		return x.clientWentAway(up), failure{}
	}
	x.settle(up)
	return Complete, failure{}
}

// settle ends the exchange with the endpoint after a whole response.
func (x *Exchange) settle(up upstream.Exchange) {
	sent := x.finishUpload()
	x.boundWaits(up) // or the next exchange on the connection would inherit a deadline that it does not know of
	cause := x.guard.Disarm()
	x.up = nil
	x.Ended = x.engine.Clock.Now()
	up.EndExchange(sent && cause == reason.None, x.Shard, x.Ended)
}

// tear ends an exchange whose response broke off. While nothing of it was sent, the client can still be told.
func (x *Exchange) tear(up upstream.Exchange, err error) (Verdict, failure) {
	failed := x.fail(up, err)
	failed.again, failed.stale, failed.endpoint = false, false, false
	x.down.CloseAfter()
	if !x.down.Started() {
		return Torn, failed
	}
	if code, ok := errors.AsType[message.Reset](err); ok {
		x.down.BreakOff(code)
	}
	x.Reason = failed.reason
	x.pool.Failed(failed.reason)
	return Torn, failure{}
}

func (x *Exchange) clientWentAway(up upstream.Exchange) Verdict {
	x.guard.End(x.number, reason.ClientClosed)
	x.fail(up, nil)
	x.Reason = reason.ClientClosed
	return Torn
}

// upgrade relays a 101. What follows on both connections belongs to the tunnel.
func (x *Exchange) upgrade(up upstream.Exchange) (Verdict, failure) {
	resp := up.Response()
	if len(x.request.Upgrade) == 0 || len(resp.Upgrade) == 0 || isForeign(resp.Upgrade) {
		return Torn, x.fail(up, &message.Error{Status: 502, Detail: "a 101 that nobody asked for"})
	}
	if !x.opening.finish(resp) {
		return Torn, x.fail(up, &message.Error{Status: 502, Detail: "a 101 that is no answer to the handshake"})
	}
	if cause := x.guard.Disarm(); cause != reason.None {
		return Torn, x.fail(up, nil) // while the client can be told
	}
	x.down.WriteHead(resp)
	if err := x.down.Response().End(nil); err != nil {
		return x.clientWentAway(up), failure{}
	}
	return Upgraded, failure{}
}
