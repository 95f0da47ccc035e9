// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"errors"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// forward sends the request to an endpoint and relays the response. If that fails, it tries another one if that is
// safe.
func (x *Exchange) forward() Verdict {
	x.dropForeignUpgrade()
	if x.route.Mirrors != nil {
		x.mirror()
	}
	if d := x.route.Timeouts.Request; d > 0 {
		g, number := x.guard, x.number
		timer := time.AfterFunc(d, func() { g.End(number, reason.UpstreamRequestTimeout) })
		defer timer.Stop()
	}
	if x.isGathered() {
		if why, detail := x.gather(); why != reason.None {
			return x.Answer(why, detail)
		}
	}
	x.upload.Limit = x.view.MaxContent
	x.pool = x.backend.Pool
	x.pool.Count(x.Started)
	if x.route.Balancing.Policy == snapshot.Hash && x.route.Split == nil { // or its backend was chosen by that
		x.findAffinity()
	}
	var failed failure
	for {
		held, none := x.chooseNext()
		if none.reason != reason.None {
			if failed.reason == reason.None || failed.left {
				failed = none
			}
			break
		}
		x.hold = held
		began := x.engine.Clock.Now()
		if x.Chosen == 0 {
			x.Chosen = began
		}
		x.beginAttempt(held.Target)
		var v Verdict
		v, failed = x.attempt(&held.Target.Endpoint)
		x.noteMalformed(&failed)
		x.endAttempt(failed)
		if failed.reason == reason.None && !failed.rejected {
			if v != Upgraded { // an upgrade holds its place until the tunnel ends
				x.hold.Release()
			}
			return v
		}
		x.hold.Release()
		x.Status = 0
		if failed.endpoint && failed.malformed == "" { // That is noted already.
			held.Target.Failed(failed.said(), x.wallTime())
		}
		switch {
		case failed.endpoint && failed.silent:
			x.engine.Ejector.TimedOut(held.Target, began)
		case failed.endpoint:
			x.engine.Ejector.Failed(held.Target)
		}
		x.pool.Failed(failed.reason)
		if failed.left {
			// The endpoint may have come back meanwhile, and may be the only one.
			if x.renewPool() {
				x.forgetAttempt()
			}
			continue
		}
		if !failed.rejected && (!failed.again || !x.allowRetry()) {
			break
		}
		if x.route.Retry != nil {
			if cause := x.backOff(); cause != reason.None {
				failed = failure{reason: cause}
				break
			}
		}
		x.renewPool()
	}
	if failed.untrusted {
		x.proxyStatus = certificateRefused
	}
	// To a gRPC client the code says more than a status (its protocol's table of "HTTP2 Error Code"). CANCEL after its
	// deadline says that the server kept to the deadline.
	if code, ok := errors.AsType[message.Reset](failed.cause); ok && x.isCall() && x.down.BreakOff(code) {
		x.Reason, x.Status = failed.reason, failed.reason.Status()
		return Torn
	}
	x.Cause = failed.malformed
	return x.Answer(failed.reason, failed.text())
}

// isCall says whether the request is a gRPC call.
func (x *Exchange) isCall() bool { return message.IsGRPC(x.request.Fields) }
