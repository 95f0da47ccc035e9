// SPDX-License-Identifier: Apache-2.0

package attempt

import (
	"errors"
	"net"
	"os"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// Course is how an attempt went that brought no response, as far as it matters for what is made of that.
type Course struct {
	// Cause is why the exchange was ended, or None.
	Cause reason.Reason
	// Late is set if the attempt's time is over. Waits is set if the client has not sent everything.
	Late, Waits bool
	// Unprocessed is set if the endpoint did nothing with the request, for all that is known.
	Unprocessed bool
	// Repeatable is set if the request can be sent once more, and does no harm then.
	Repeatable bool
	// Answering is set if part of a response came. Reused is set if the connection was there before.
	Answering, Reused bool
	// RetriesLate and RetriesSilent are set if the route has requests tried again that endpoints may have processed: after
	// an attempt whose time was over, and after an endpoint was silent.
	RetriesLate, RetriesSilent bool
	// FollowsRequest is set if the server name follows the request.
	FollowsRequest bool
}

// Failure says what to make of an attempt that ended with an error.
func (c *Course) Failure(err error) Failure {
	again := c.Repeatable && !c.Answering
	switch {
	case c.Cause != reason.None:
		return Failure{Reason: c.Cause}
	case c.Late:
		again = again && !c.Waits && (c.Unprocessed || c.RetriesLate)
		return Failure{Reason: reason.UpstreamRequestTimeout, Again: again, Endpoint: !c.Waits, Silent: !c.Waits, Told: err}
	case errors.Is(err, os.ErrDeadlineExceeded):
		again = again && (c.Unprocessed || c.RetriesSilent)
		return Failure{Reason: reason.UpstreamTimeout, Again: again, Endpoint: true, Silent: true, Told: err}
	case errors.Is(err, message.ErrForeign):
		return Failure{
			Reason: reason.UpstreamMalformed, Detail: "the service does not answer in HTTP/2", Malformed: err.Error(), Again: again, Endpoint: true,
		}
	case isMalformed(err), message.IsFault(err):
		// On a reused connection, it may be what the endpoint sent too much after the last response.
		return Failure{Reason: reason.UpstreamMalformed, Malformed: err.Error(), Stale: c.Repeatable && c.Reused && isMalformed(err)}
	case upstream.IsTLSFault(err):
		failed := tlsFailure(err, c.FollowsRequest)
		failed.Again, failed.Stale = again, again && c.Reused
		return failed
	}
	// An endpoint that stops or has no room for more streams says so, and is not to blame.
	return Failure{
		Reason: reason.UpstreamReset, Again: again, Stale: again && c.Reused, Endpoint: !errors.Is(err, message.ErrUnprocessed), Cause: err, Told: err,
	}
}

// Unconnected says what to make of an attempt that brought no connection. followsRequest is as in [Course].
func Unconnected(err error, followsRequest bool) Failure {
	switch timeout := net.Error(nil); {
	case err == upstream.ErrRetired:
		return Failure{Reason: reason.NoHealthyTask, Left: true}
	case errors.As(err, &timeout) && timeout.Timeout():
		return Failure{Reason: reason.UpstreamConnectTimeout, Again: true, Endpoint: true, Told: err}
	case upstream.IsTLSFault(err):
		failed := tlsFailure(err, followsRequest)
		failed.Again = true
		return failed
	}
	return Failure{Reason: reason.UpstreamConnectFailed, Again: true, Endpoint: true, Told: err}
}

// tlsFailure returns the failure of an attempt that failed at TLS. If the server name follows the request, the endpoint
// is not to blame: clients could ask for names that it does not serve until it is set aside for all.
func tlsFailure(err error, followsRequest bool) Failure {
	detail, untrusted := upstream.DescribeTLSFault(err)
	return Failure{Reason: reason.UpstreamTLSFailed, Detail: detail, Untrusted: untrusted, Endpoint: !followsRequest, Told: err}
}

func isMalformed(err error) bool {
	_, ok := errors.AsType[*message.Error](err)
	return ok
}
