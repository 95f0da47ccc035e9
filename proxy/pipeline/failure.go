// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"errors"

	"github.com/warren-dev/ingress/proxy/attempt"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// fail closes the connection after an attempt that brought no response. It returns what to make of that. Nil is for no
// failure, here and wherever a failure is returned: nearly all attempts have none, and a failure takes 80 bytes, which
// would be copied at each step.
func (x *Exchange) fail(up upstream.Exchange, err error) *attempt.Failure {
	late := x.deadline.Leave()
	cause := x.guard.Disarm()
	answering := up.Answering()
	_ = up.Close()
	uploading := x.upload.Done() != nil
	waits := uploading && !x.upload.Uploaded() // for the client, which has not sent everything
	x.upload.Stop(x.down)
	sent, reused, sole := up.Sent(), up.Reused(), up.Sole()
	up.EndExchange(false, x.Shard, x.engine.Clock.Now())
	x.up = nil
	unprocessed := !sent || errors.Is(err, message.ErrUnprocessed)
	untouched := !uploading && !x.Head.HasContent() || (unprocessed || x.keepsContent()) && x.upload.Resendable()
	course := attempt.Course{
		Cause: cause, Late: late, Waits: waits, Unprocessed: unprocessed, Answering: answering, Reused: reused,
		Repeatable:  untouched && !x.informed && (unprocessed || x.Head.Idempotent()),
		RetriesLate: x.Route.Retry != nil, RetriesSilent: x.Route.Repeatable, FollowsRequest: x.Backend.Pool.TLS.ServerNameFromRequest,
	}
	failed := course.Failure(err)
	if failed.Reason == reason.UpstreamReset && reused && sole != nil {
		sole.NoteEnd(x.engine.Clock.Now())
	}
	return &failed
}

// noteMalformed tells all who may look for it what is wrong with a response that the client does not get, or not whole.
func (x *Exchange) noteMalformed(failed *attempt.Failure) {
	if failed == nil || failed.Malformed == "" {
		return
	}
	x.attempts[len(x.attempts)-1].Cause = failed.Malformed
	target := x.hold.Target
	target.Malformed(failed.Malformed, x.engine.WallTime())
	x.engine.Logger.V(1).Info("a malformed response", "endpoint", target.String(), "pool", x.pool.ID, "cause", failed.Malformed)
}
