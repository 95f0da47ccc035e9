// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// Exchange is the endpoint's side of one exchange, whatever version of HTTP carries it. Sending the request and reading
// the response may be done by two goroutines.
type Exchange interface {
	// Close fails every wait, now and later, from anywhere.
	Close() error
	// WriteHead makes the request's head pending, to be sent with the first content; Request is where that goes. Sent says
	// whether anything of the request left.
	WriteHead(*message.Request)
	Request() message.Writer
	Sent() bool
	// ReadResponse reads the head of the next response to a request with method into Response, which Content follows.
	ReadResponse(method []byte) error
	Response() *message.Response
	Content() message.Reader
	// ReleaseHead ends all views of the final response's head.
	ReleaseHead()
	// StallAfter bounds each wait for something from the endpoint from now on, and BoundWait the one that the other
	// goroutine is in; StallWritesAfter bounds each wait for the endpoint to take something. 0 is no bound.
	StallAfter(time.Duration)
	BoundWait(time.Duration)
	StallWritesAfter(time.Duration)
	// Answering says whether some of a head is there already.
	Answering() bool
	// Reused says whether the connection had been there before, so that the endpoint may have closed it at any time.
	Reused() bool
	// Sole is the connection, where no other exchange is on it and it can be spliced from and to and become a tunnel, or
	// nil.
	Sole() *Conn
	// EndExchange ends the exchange and every view of its response, requestSent says whether the request left whole. What
	// can carry other exchanges is kept for them as of now, where the shard's look first.
	EndExchange(requestSent bool, shard uint32, now time.Duration)
}

// MaxInformational bounds the 1xx responses that are relayed before the final one.
const MaxInformational = 16

// ErrManyInformational is what comes of a response that has more before it.
var ErrManyInformational = &message.Error{Status: 502, Detail: "more informational responses than anybody needs"}

// ReadFinal reads the head of the final response to a request with method, and passes over those before it.
func ReadFinal(up Exchange, method []byte) error {
	for range MaxInformational {
		if err := up.ReadResponse(method); err != nil {
			return err
		}
		if !up.Response().Informational() {
			return nil
		}
	}
	return ErrManyInformational
}
