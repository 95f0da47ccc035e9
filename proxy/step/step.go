// SPDX-License-Identifier: Apache-2.0

package step

import (
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

// Steps are what a policy does. A step is nil if it does nothing, so that no route calls it in vain. A step must not
// wait, and must not allocate for a request that it lets pass. It also runs for somebody who only asks what would
// become of a request.
type Steps struct {
	// Request looks at a request before an endpoint is chosen. It may change the request, or return how it is answered.
	Request func(*View) Answer
	// Late changes a request that all policies before [policy.Headers] have let pass. They have not seen what it does.
	Late func(*View) Answer
	// Trailers changes the trailers of a request, after its head was sent on.
	Trailers func([]message.Field)
	// Response changes an endpoint's final answer, unless that changes the protocol.
	Response func(*View, *message.Response)
	// Own adds fields to an answer of our own. That has only the fields that it needs besides those of all such answers.
	// The request may have no fields left by then.
	Own func(*View, *message.Response)
}

// Answer is how a request is answered. The zero value lets it go on.
type Answer struct {
	Reason reason.Reason
	// Detail replaces the reason's usual text.
	Detail string
	// Cause is what operators are told besides, and clients are not.
	Cause string
	// Status replaces the reason's usual status. 0 leaves that.
	Status int
	// Content replaces the line of text that says why. Nil leaves that line.
	Content *Content
	// Next is what becomes of a request that is not answered. 0 lets it go on.
	Next Next
}

// Next is what becomes of a request in place of going on to the next step.
type Next uint8

const (
	// Again has the request's route looked for anew, by [View.Path].
	Again Next = iota + 1
	// Wait has [View.Await] asked, which may wait. Unless that answers the request, it goes on to the next step.
	Wait
)

// Content is the content of an answer that a rule's author wrote.
type Content struct {
	// Type is a media type.
	Type []byte
	Text string
}
