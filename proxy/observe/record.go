// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"net/netip"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

// Record is what became of a request. Whoever serves the request fills it. Metrics, log and trace read nothing else.
// Its views live as long as those of the request. Times are by the proxy's clock.
type Record struct {
	Request *message.Request
	// Host is canonical.
	Host []byte
	// Path is the canonical path. If the request was refused before it had one, it is the path as it came. Forwarded is
	// the path that endpoints get. Neither has the token of a challenge, so both may be written down.
	Path, Forwarded []byte
	// Client is the client's address. Peer is the connection's.
	Client, Peer netip.Addr
	// Scheme is the connection's. TLSVersion is "1.2" or "1.3", or empty without TLS.
	Scheme     []byte
	TLSVersion string
	// Secure is set if the client came over HTTPS, to us or to a trusted proxy.
	Secure bool
	// Shard spreads what is counted over several places.
	Shard   uint32
	Started time.Duration
	// Chosen is when an endpoint was chosen. Answered is when the head of its final response was there. Ended is when the
	// whole response had been sent. Each is 0 until then.
	Chosen, Answered, Ended time.Duration
	// Route and Series are nil if no rule was found.
	Route  *RouteNames
	Series *Series
	// Attempts are the endpoints that were chosen, the last one last.
	Attempts []Attempt
	// Page is the service whose error page the client got, as "namespace/service". It is empty if it got none.
	Page string
	// Status is the response's, even if nobody got it. Sent is how many bytes of its content were sent.
	Status int
	Sent   int64
	// Reason is why we answered ourselves, or why the response broke off.
	Reason reason.Reason
	// Cause says what is wrong with the endpoint's response, if the reason is that it is malformed, or why nobody can say
	// who gets in.
	Cause string
	// User is whose the request is. Empty if nobody has found out.
	User string
	// RequestID is the id by which logs know the request.
	RequestID []byte
	// Trace is nil without tracing.
	Trace *Place
}

// Attempt is an endpoint that a request was given to.
type Attempt struct {
	// Task names the object that the endpoint came from. It is empty if neither log nor trace would tell it.
	Task    string
	Address netip.AddrPort
	// Text is the address as text.
	Text string
	// Secure is set if the endpoint is spoken to over TLS.
	Secure bool
	// Cause says what is wrong with the endpoint's response, if that is malformed.
	Cause string

	// The rest is set only if the request is recorded in a trace.

	// ID is the attempt's span.
	ID SpanID
	// Left is set if the endpoint went before anything was sent to it.
	Left bool
	// Started and Ended are by the proxy's clock. Ended is 0 until the attempt has ended.
	Started, Ended time.Duration
	// Status is that of the endpoint's response, or 0 if there was none. Reason is why there was none, or why it broke
	// off.
	Status int
	Reason reason.Reason
}

// upstreamTime returns how long the service took to answer or to fail, including retries. It is negative if the service
// was not asked.
func (r *Record) upstreamTime() time.Duration {
	switch {
	case r.Chosen == 0:
		return -1
	case r.Answered == 0:
		return r.Ended - r.Chosen
	}
	return r.Answered - r.Chosen
}

// lastAttempt returns the last endpoint that was tried, or nil.
func (r *Record) lastAttempt() *Attempt {
	if n := len(r.Attempts); n > 0 {
		return &r.Attempts[n-1]
	}
	return nil
}
