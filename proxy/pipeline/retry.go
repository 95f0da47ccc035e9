// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/warren-dev/ingress/proxy/attempt"
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/content"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// allowRetry says whether the request may be tried once more, and counts that.
func (x *Exchange) allowRetry() bool {
	if x.retries == x.Route.Retries || !x.pool.AllowRetry(x.engine.Clock.Now()) {
		return false
	}
	x.retries++
	return true
}

// rejects says whether the endpoint's response is dropped and the request tried again, because of its status. That
// does no harm: nothing of a response went to the client, and the request is idempotent and can be sent once more. If
// no attempt is left, the client gets the response.
func (x *Exchange) rejects(up upstream.Exchange) bool {
	if !x.Route.Retry.After(up.Response().Status) || x.informed || !x.Head.Idempotent() {
		return false
	}
	if x.Head.HasContent() && (!x.upload.Uploaded() || !x.upload.Resendable()) {
		return false
	}
	return x.allowRetry()
}

// rejectedMost bounds what is read of such a response.
const rejectedMost = 64 << 10

// reject drops a response. It reads what is there of it, so that a connection with a short one can go on.
func (x *Exchange) reject(up upstream.Exchange) *attempt.Failure {
	x.hold.Target.Succeeded(x.engine.Clock.Now())
	x.Status = up.Response().Status
	content.Drain(up.Content(), rejectedMost, &x.engine.Buffers)
	x.boundWaits(up)
	whole := up.Content().Ended()
	cause, late := x.disarm()
	// An endpoint that answered without asking for the content may not read it, and take it for the next request.
	keep := whole && cause == reason.None && !late && !x.awaitsContinue()
	if !keep {
		_ = up.Close()
	}
	x.up = nil
	up.EndExchange(keep, x.Shard, x.engine.Clock.Now())
	return &attempt.Failure{Reason: cause, Rejected: cause == reason.None}
}

// backOff waits before the next attempt. It returns why the exchange was ended meanwhile, or None.
func (x *Exchange) backOff() reason.Reason {
	d := x.Route.Retry.Backoff(x.retries - 1)
	if d == 0 {
		return reason.None
	}
	return x.guard.Rest(d, x.engine.Clock.Now())
}

// chooseNext chooses the endpoint of the next attempt. If the route has retries of its own, and every endpoint was
// tried, it begins with them again. It does so in the pool that is served now, because endpoints that have gone take
// no request, however often they are asked. Each time there has to have been a retry before.
func (x *Exchange) chooseNext() (balance.Hold, *attempt.Failure) {
	held, none := x.choose()
	if none != nil && none.Reason == reason.NoHealthyTask && x.Route.Retry != nil && x.rounds < x.retries && x.renewPool() {
		x.rounds++
		x.tried = x.tried[:0]
		held, none = x.choose()
	}
	return held, none
}

// disarm ends the wait for the endpoint. It returns why the exchange was ended, or None, and whether the attempt's time
// was over, so that the connection is closed.
func (x *Exchange) disarm() (cause reason.Reason, late bool) {
	late = x.deadline.Leave()
	return x.guard.Disarm(), late
}
