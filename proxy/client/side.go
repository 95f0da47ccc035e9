// SPDX-License-Identifier: Apache-2.0

package client

import (
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/transport"
)

// Side is the client's side of one exchange, in any version of HTTP.
type Side interface {
	// Content is the request's content. AwaitContent bounds the waits for it from now on.
	Content() message.Reader
	AwaitContent()
	// RestContent lifts the limit on the waits for the request's content: a client may have nothing to say for a while. It
	// may be called while the content is read. It returns false if the protocol cannot (HTTP/1.1).
	RestContent() bool
	// LiftRate lifts the least rate at which the client has to send and take content.
	LiftRate()
	// LiftSendingRate lifts the least rate at which the client has to send content, if its protocol has calls.
	LiftSendingRate()
	// LongHead says whether the request's head takes more memory than most. ReleaseHead ends all views of it.
	LongHead() bool
	ReleaseHead()
	// SkipContent drops the content that has arrived and says whether that was all.
	SkipContent() bool
	// WriteInformational sends a 1xx response.
	WriteInformational(*message.Response) error
	// WriteHead makes the final response's head pending. Until Started, another one can take its place.
	WriteHead(*message.Response)
	Response() message.Writer
	Started() bool
	// Socket returns the connection below. It returns nil if content cannot be spliced from and to it.
	Socket() *transport.TCP
	// BreakOff tells the client, if it can, how the endpoint ended a response that is not sent whole or not begun. It says
	// whether it can.
	BreakOff(code message.Reset) bool
	// CloseAfter makes this the connection's last exchange.
	CloseAfter()
	// StopContent makes a waiting Read of the content fail, and all later ones, until ResumeContent.
	StopContent()
	ResumeContent()
}
