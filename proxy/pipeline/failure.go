// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"cmp"
	"errors"
	"os"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// failure says why an attempt brought no response. The zero value is no failure.
type failure struct {
	reason reason.Reason
	detail string
	// malformed says what is wrong with the response, if it is malformed.
	malformed string
	// again is set if another endpoint may be tried. Then either nothing of the request was sent, or it does no harm twice
	// and nothing of a response came.
	again bool
	// rejected is set if the endpoint answered, and the request is tried again because of the status. There is no reason
	// then.
	rejected bool
	// left is set if the endpoint went before anything was sent to it.
	left bool
	// endpoint is set if the endpoint is to blame: it took no connection, or gave no answer on one. silent is set if it
	// was only silent for too long.
	endpoint, silent bool
	// untrusted is set if the endpoint's certificate was refused.
	untrusted bool
	// stale is set if the endpoint closed an idle connection, as it may at any time, and the request can be sent again on
	// a new one; or if the request was sent with an expectation that the endpoint does not know.
	stale bool
	// cause is what the endpoint did, if the client can use that. told is the same for operators.
	cause, told error
}

// said says for operators what the endpoint did.
func (f *failure) said() string {
	text := f.detail
	if f.told != nil {
		text = f.told.Error()
	}
	return f.reason.String() + ": " + cmp.Or(text, f.reason.Text())
}

// fail closes the connection after an attempt that brought no response. It returns what to make of that.
func (x *Exchange) fail(up upstream.Exchange, err error) failure {
	late := x.deadline.leave()
	cause := x.guard.Disarm()
	answering := up.Answering()
	_ = up.Close()
	uploading := x.upload.Done() != nil
	waits := uploading && !x.uploaded() // for the client, which has not sent everything
	x.stopUpload()
	sent, reused, sole := up.Sent(), up.Reused(), up.Sole()
	up.EndExchange(false, x.Shard, x.engine.Clock.Now())
	x.up = nil
	unprocessed := !sent || errors.Is(err, message.ErrUnprocessed)
	untouched := !uploading && !x.request.HasContent() || (unprocessed || x.keepsContent()) && x.upload.Resendable()
	repeatable := untouched && !x.informed && (unprocessed || x.request.Idempotent())
	again := repeatable && !answering
	switch {
	case cause != reason.None:
		return failure{reason: cause}
	case late:
		again = again && !waits && (unprocessed || x.route.Retry != nil)
		return failure{reason: reason.UpstreamRequestTimeout, again: again, endpoint: !waits, silent: !waits, told: err}
	case errors.Is(err, os.ErrDeadlineExceeded):
		again = again && (unprocessed || x.route.Repeatable)
		return failure{reason: reason.UpstreamTimeout, again: again, endpoint: true, silent: true, told: err}
	case errors.Is(err, message.ErrForeign):
		return failure{
			reason: reason.UpstreamMalformed, detail: "the service does not answer in HTTP/2", malformed: err.Error(), again: again, endpoint: true,
		}
	case isMalformed(err), message.IsFault(err):
		// On a reused connection, it may be what the endpoint sent too much after the last response.
		return failure{reason: reason.UpstreamMalformed, malformed: err.Error(), stale: repeatable && reused && isMalformed(err)}
	case upstream.IsTLSFault(err):
		failed := x.tlsFailure(err)
		failed.again, failed.stale = again, again && reused
		return failed
	}
	if reused && sole != nil {
		sole.NoteEnd(x.engine.Clock.Now())
	}
	// An endpoint that stops or has no room for more streams says so, and is not to blame.
	return failure{reason: reason.UpstreamReset, again: again, stale: again && reused, endpoint: !errors.Is(err, message.ErrUnprocessed), cause: err, told: err}
}

// tlsFailure returns the failure of an attempt that failed at TLS. If the server name follows the request, the endpoint
// is not to blame: clients could ask for names that it does not serve until it is set aside for all.
func (x *Exchange) tlsFailure(err error) failure {
	detail, untrusted := upstream.DescribeTLSFault(err)
	return failure{
		reason: reason.UpstreamTLSFailed, detail: detail, untrusted: untrusted,
		endpoint: !x.backend.Pool.TLS.ServerNameFromRequest, told: err,
	}
}

// noteMalformed tells all who may look for it what is wrong with a response that the client does not get, or not whole.
func (x *Exchange) noteMalformed(failed *failure) {
	if failed.malformed == "" {
		return
	}
	x.attempts[len(x.attempts)-1].Cause = failed.malformed
	target := x.hold.Target
	target.Malformed(failed.malformed, x.wallTime())
	x.engine.Logger.V(1).Info("a malformed response", "endpoint", target.String(), "pool", x.pool.ID, "cause", failed.malformed)
}

// wallTime is now, for people.
func (x *Exchange) wallTime() time.Time { return x.engine.Clock.Start.Add(x.engine.Clock.Now()) }

// text returns what the client is told besides the reason. It is empty if that is what the reason always says.
func (f *failure) text() string {
	if f.detail == "" && f.malformed != "" {
		return f.reason.Text() + ": " + f.malformed
	}
	return f.detail
}

func isMalformed(err error) bool {
	_, ok := errors.AsType[*message.Error](err)
	return ok
}
