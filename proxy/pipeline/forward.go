// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"errors"
	"slices"

	"github.com/warren-dev/ingress/proxy/attempt"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// forward sends the request to an endpoint and relays the response. If that fails, it tries another one if that is
// safe.
func (x *Exchange) forward() Verdict {
	x.DropForeignUpgrade()
	if x.Route.Mirrors != nil {
		x.mirror()
	}
	x.boundRequest()
	if x.isGathered() {
		if why, detail := x.gather(); why != reason.None {
			return x.Answer(why, detail)
		}
	}
	x.upload.Limit, x.upload.Changes = x.View.MaxContent, x.Route.Policies.Trailers
	if further := x.Backend.Policies.Trailers; len(further) > 0 {
		x.upload.Changes = slices.Concat(x.upload.Changes, further)
	}
	x.pool = x.Backend.Pool
	x.pool.Count(x.Started)
	if x.Route.Balancing.Policy == snapshot.Hash && x.Route.Split == nil { // or its backend was chosen by that
		x.FindAffinity()
	}
	var failed *attempt.Failure
	for {
		held, none := x.chooseNext()
		if none != nil && none.Reason == reason.NoHealthyTask && len(x.tried) == 0 && x.fallBack() {
			continue
		}
		if none != nil {
			if failed == nil || failed.Rejected || failed.Left {
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
		x.noteMalformed(failed)
		x.endAttempt(failed)
		if failed == nil {
			if v != Upgraded { // an upgrade holds its place until the tunnel ends
				x.hold.Release()
			}
			return v
		}
		x.hold.Release()
		x.Status = 0
		if failed.Endpoint && failed.Malformed == "" { // That is noted already.
			held.Target.Failed(failed.Said(), x.engine.WallTime())
		}
		switch {
		case failed.Endpoint && failed.Silent:
			x.engine.Ejector.TimedOut(held.Target, began)
		case failed.Endpoint:
			x.engine.Ejector.Failed(held.Target)
		}
		x.pool.Failed(failed.Reason)
		if failed.Left {
			// The endpoint may have come back meanwhile, and may be the only one.
			if x.renewPool() {
				x.forgetAttempt()
			}
			continue
		}
		if !failed.Rejected && (!failed.Again || !x.allowRetry()) {
			break
		}
		if x.Route.Retry != nil {
			if cause := x.backOff(); cause != reason.None {
				failed = &attempt.Failure{Reason: cause}
				break
			}
		}
		x.renewPool()
	}
	if failed.Untrusted {
		x.proxyStatus = certificateRefused
	}
	// To a gRPC client the code says more than a status (its protocol's table of "HTTP2 Error Code"). CANCEL after its
	// deadline says that the server kept to the deadline.
	if code, ok := errors.AsType[message.Reset](failed.Cause); ok && x.isCall() && x.down.BreakOff(code) {
		x.Reason, x.Status = failed.Reason, failed.Reason.Status()
		return Torn
	}
	x.Cause = failed.Malformed
	return x.Answer(failed.Reason, failed.Text())
}

// isCall says whether the request is a gRPC call.
func (x *Exchange) isCall() bool { return message.IsGRPC(x.Head.Fields) }
