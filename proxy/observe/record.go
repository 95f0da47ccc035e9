// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"net/netip"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

// Record is what became of a request. Whoever serves one fills it; metrics, log and trace read it and nothing else. Its
// views live as long as those of the request. Times are by the proxy's clock.
type Record struct {
	Request *message.Request
	// Host is canonical.
	Host []byte
	// Path is the canonical path or, where a request was refused before it had one, the path as it came. Forwarded is the
	// one that endpoints get. Neither has the token of a challenge: both may be written down.
	Path, Forwarded []byte
	// Client is the client's address, Peer that of the connection.
	Client, Peer netip.Addr
	// Scheme is the connection's, TLSVersion "1.2" or "1.3", or empty without TLS.
	Scheme     []byte
	TLSVersion string
	// Secure is set where the client came over HTTPS, to us or to a trusted proxy.
	Secure bool
	// Shard spreads what is counted over several places.
	Shard   uint32
	Started time.Duration
	// Chosen is when an endpoint had been chosen, Answered when the head of its final response was there, and Ended when
	// the whole response had been sent. Each is 0 as long as it did not come to that.
	Chosen, Answered, Ended time.Duration
	// Route and Series are nil where no rule was found.
	Route  *RouteNames
	Series *Series
	// Attempts are the endpoints that were chosen, the last one last.
	Attempts []Attempt
	// Status is that of the response, which nobody may have got, and Sent how many bytes of its content were sent.
	Status int
	Sent   int64
	// Reason is that of an answer of our own or of a response that broke off.
	Reason reason.Reason
	// RequestID is what logs know the request by.
	RequestID []byte
	// Trace is nil where there is no tracing.
	Trace *Place
}

// Attempt is an endpoint that a request was given to.
type Attempt struct {
	// Task names the object that the endpoint came from. It is empty where neither log nor trace would tell it.
	Task    string
	Address netip.AddrPort
	// Text is the address as text.
	Text string
	// Secure is set where the endpoint is spoken to over TLS.
	Secure bool

	// What follows is of a request that is recorded in a trace.

	// ID is that of the attempt's span.
	ID SpanID
	// Left is set where the endpoint went before anything was sent to it.
	Left bool
	// Started and Ended are by the proxy's clock; Ended is 0 until it has.
	Started, Ended time.Duration
	// Status is that of the endpoint's response, 0 where there was none; Reason is why there was none, or why it broke
	// off.
	Status int
	Reason reason.Reason
}

// upstreamTime is how long the service took to answer or to fail, the retries included, or less than 0 where it was not
// asked.
func (r *Record) upstreamTime() time.Duration {
	switch {
	case r.Chosen == 0:
		return -1
	case r.Answered == 0:
		return r.Ended - r.Chosen
	}
	return r.Answered - r.Chosen
}
