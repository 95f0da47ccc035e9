// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"errors"
	"time"

	"github.com/warren-dev/ingress/proxy/attempt"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// fail closes the connection after an attempt that brought no response. It returns what to make of that.
func (x *Exchange) fail(up upstream.Exchange, err error) attempt.Failure {
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
	untouched := !uploading && !x.request.HasContent() || (unprocessed || x.keepsContent()) && x.upload.Resendable()
	course := attempt.Course{
		Cause: cause, Late: late, Waits: waits, Unprocessed: unprocessed, Answering: answering, Reused: reused,
		Repeatable:  untouched && !x.informed && (unprocessed || x.request.Idempotent()),
		RetriesLate: x.route.Retry != nil, RetriesSilent: x.route.Repeatable, FollowsRequest: x.backend.Pool.TLS.ServerNameFromRequest,
	}
	failed := course.Failure(err)
	if failed.Reason == reason.UpstreamReset && reused && sole != nil {
		sole.NoteEnd(x.engine.Clock.Now())
	}
	return failed
}

// noteMalformed tells all who may look for it what is wrong with a response that the client does not get, or not whole.
func (x *Exchange) noteMalformed(failed *attempt.Failure) {
	if failed.Malformed == "" {
		return
	}
	x.attempts[len(x.attempts)-1].Cause = failed.Malformed
	target := x.hold.Target
	target.Malformed(failed.Malformed, x.wallTime())
	x.engine.Logger.V(1).Info("a malformed response", "endpoint", target.String(), "pool", x.pool.ID, "cause", failed.Malformed)
}

// wallTime is now, for people.
func (x *Exchange) wallTime() time.Time { return x.engine.Clock.Start.Add(x.engine.Clock.Now()) }
