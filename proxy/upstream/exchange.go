// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// Exchange is the endpoint's side of one exchange, in any version of HTTP. One goroutine may send the request while
// another reads the response.
type Exchange interface {
	// Close makes every wait fail, now and later. Any goroutine may call it.
	Close() error
	// WriteHead makes the request's head pending. It is sent with the first content, which is written to Request. Sent
	// says whether anything of the request has left.
	WriteHead(*message.Request)
	Request() message.Writer
	Sent() bool
	// ReadResponse reads the head of the next response to a request with method into Response. Content reads what follows.
	ReadResponse(method []byte) error
	Response() *message.Response
	Content() message.Reader
	// ReleaseHead ends all views of the final response's head.
	ReleaseHead()
	// StallAfter bounds each later wait for the endpoint to send something. BoundWait bounds the wait that the other
	// goroutine is in. StallWritesAfter bounds each wait for the endpoint to take something. 0 is no bound.
	StallAfter(time.Duration)
	BoundWait(time.Duration)
	StallWritesAfter(time.Duration)
	// Answering says whether part of a head has arrived already.
	Answering() bool
	// Reused says whether the connection was there before the exchange. If so, the endpoint may have closed it at any
	// time.
	Reused() bool
	// Sole returns the connection if it speaks HTTP/1.1, so that no other exchange is on it. It can become a tunnel, and
	// without TLS it can be spliced. For a stream of HTTP/2, Sole returns nil.
	Sole() *Conn
	// EndExchange ends the exchange and every view of its response. requestSent says whether the request left whole. A
	// connection that can carry other exchanges rests from now on, in the given shard.
	EndExchange(requestSent bool, shard uint32, now time.Duration)
}

// MaxInformational bounds the 1xx responses that are relayed before the final one.
const MaxInformational = 16

// ErrManyInformational refuses a response with more than [MaxInformational] before it.
var ErrManyInformational = &message.Error{Status: 502, Detail: "more informational responses than anybody needs"}

// ReadFinal reads the head of the final response to a request with method. It skips the informational ones.
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

// IsStray says whether the endpoint sent the final response before it had the request, which has no content, so that it
// cannot be the answer. It looks only after what makes servers send too much: a response that must not have content, or
// a request that they did not understand.
func IsStray(up Exchange) bool {
	c := up.Sole()
	return c != nil && c.Reused() && (c.suspect || up.Response().Status >= 400) && c.Unheard()
}

// ErrStray refuses such a response.
var ErrStray = &message.Error{Status: 502, Detail: "a response that was sent before the request had arrived"}
