// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/transport"
)

// Downstream is the client's side of one exchange, whatever version of HTTP carries it.
type Downstream interface {
	// Content is the request's content, and AwaitContent bounds the waits for it from now on.
	Content() message.Reader
	AwaitContent()
	// RestContent lifts the limit on the waits for the request's content: a client may have nothing to say for a while. It
	// returns false if the protocol cannot (HTTP/1.1). It may be called while the content is read.
	RestContent() bool
	// LongHead says whether the request's head takes more memory than most, and ReleaseHead ends all views of it.
	LongHead() bool
	ReleaseHead()
	// SkipContent drops the content that is there already and says whether that was all.
	SkipContent() bool
	// WriteInformational sends a 1xx response.
	WriteInformational(*message.Response) error
	// WriteHead makes the final response's head pending. Until Started, another one can take its place.
	WriteHead(*message.Response)
	Response() message.Writer
	Started() bool
	// Socket is the connection below, or nil where content cannot go straight to it and come straight from it.
	Socket() *transport.TCP
	// BreakOff has the client told, if it can be, how the endpoint ended a response that is not sent whole or not begun.
	// It says whether it can.
	BreakOff(code message.Reset) bool
	// CloseAfter makes this the connection's last exchange.
	CloseAfter()
	// StopContent makes a Read of the content that waits, and all later ones, fail; ResumeContent ends that.
	StopContent()
	ResumeContent()
}

// Verdict is how an exchange ended for the connection that carried it.
type Verdict uint8

const (
	// Complete: the response was sent whole.
	Complete Verdict = iota
	// Torn: it was not, and the client must be able to see that.
	Torn
	// Upgraded: a 101 was sent; the bytes that follow are the tunnel's.
	Upgraded
)
