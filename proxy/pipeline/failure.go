// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"errors"
	"os"
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
	repeatable := untouched && !x.informed && (unprocessed || x.request.Idempotent())
	again := repeatable && !answering
	switch {
	case cause != reason.None:
		return attempt.Failure{Reason: cause}
	case late:
		again = again && !waits && (unprocessed || x.route.Retry != nil)
		return attempt.Failure{Reason: reason.UpstreamRequestTimeout, Again: again, Endpoint: !waits, Silent: !waits, Told: err}
	case errors.Is(err, os.ErrDeadlineExceeded):
		again = again && (unprocessed || x.route.Repeatable)
		return attempt.Failure{Reason: reason.UpstreamTimeout, Again: again, Endpoint: true, Silent: true, Told: err}
	case errors.Is(err, message.ErrForeign):
		return attempt.Failure{
			Reason: reason.UpstreamMalformed, Detail: "the service does not answer in HTTP/2", Malformed: err.Error(), Again: again, Endpoint: true,
		}
	case attempt.IsMalformed(err), message.IsFault(err):
		// On a reused connection, it may be what the endpoint sent too much after the last response.
		return attempt.Failure{Reason: reason.UpstreamMalformed, Malformed: err.Error(), Stale: repeatable && reused && attempt.IsMalformed(err)}
	case upstream.IsTLSFault(err):
		failed := x.tlsFailure(err)
		failed.Again, failed.Stale = again, again && reused
		return failed
	}
	if reused && sole != nil {
		sole.NoteEnd(x.engine.Clock.Now())
	}
	// An endpoint that stops or has no room for more streams says so, and is not to blame.
	return attempt.Failure{Reason: reason.UpstreamReset, Again: again, Stale: again && reused, Endpoint: !errors.Is(err, message.ErrUnprocessed), Cause: err, Told: err}
}

// tlsFailure returns the failure of an attempt that failed at TLS. If the server name follows the request, the endpoint
// is not to blame: clients could ask for names that it does not serve until it is set aside for all.
func (x *Exchange) tlsFailure(err error) attempt.Failure {
	detail, untrusted := upstream.DescribeTLSFault(err)
	return attempt.Failure{
		Reason: reason.UpstreamTLSFailed, Detail: detail, Untrusted: untrusted,
		Endpoint: !x.backend.Pool.TLS.ServerNameFromRequest, Told: err,
	}
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
