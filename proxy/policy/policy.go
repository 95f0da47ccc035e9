// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"net/netip"
	"regexp"
	"time"

	"github.com/warren-dev/ingress/proxy/limit"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/script"
)

// Policy is something that a route does with requests and responses beyond sending them on. In a snapshot it is plain
// values behind a pointer, which nobody changes once the proxy has the snapshot. [Order] lists all policies.
type Policy interface {
	// Name is what users call it. It is the same for a nil pointer.
	Name() string
	// Equal returns whether another policy is of the same type and means the same. The other one may be nil.
	Equal(Policy) bool
	// Compile makes its steps. They keep no reference to the policy, because that would keep an old snapshot alive.
	Compile(*Scope) (Steps, error)
}

// Scope is what a policy is compiled for: one route.
type Scope struct {
	// Kept returns what was kept for the route under this key in the generation before. If there is nothing, it keeps and
	// returns what first makes. No other policy has keys of this type. What no route of the new generation asked for is
	// dropped.
	Kept func(key any, first func() any) any
	// Limiter counts requests, for all routes.
	Limiter *limit.Limiter
	// CORS is that of the route, if it has one. It is set while a route's policies are compiled.
	CORS *CORS
	// Expression compiles a regular expression, or returns what another route has of the same text. Nil shares nothing.
	Expression func(text string) (*regexp.Regexp, error)
}

// expression compiles a regular expression. The scope may be nil.
func (s *Scope) expression(text string) (*regexp.Regexp, error) {
	if s == nil || s.Expression == nil {
		return regexp.Compile(text)
	}
	return s.Expression(text)
}

// Steps are what a policy does. A step is nil if it does nothing, so that no route calls it in vain. A step must not
// wait, and must not allocate for a request that it lets pass. It also runs for somebody who only asks what would
// become of a request.
type Steps struct {
	// Request looks at a request before an endpoint is chosen. It may change the request, or return how it is answered.
	Request func(*View) Answer
	// Response changes an endpoint's final answer, unless that changes the protocol.
	Response func(*View, *message.Response)
	// Own adds fields to an answer of our own. That has only the fields that it needs besides those of all such answers.
	// The request may have no fields left by then.
	Own func(*View, *message.Response)
}

// View is what a policy sees of a request, and what it may change. It is part of what exists for each request anyway:
// one made for the call would be an allocation.
type View struct {
	// Request is what the endpoint gets. Its Path and Fields may be changed.
	Request *message.Request
	// Host and Path are canonical. The route was found by them. A policy that changes Path has to answer with Again.
	Host, Path []byte
	// Sent is the path as the client sent it, if that differs and may be told to others. Nil otherwise.
	Sent []byte
	// Client is the client's address, unmapped and without a zone.
	Client netip.Addr
	// Secure is set if the client came over HTTPS.
	Secure bool
	// Port is the one that the client used, if a policy has to know it when the request's head may be gone. 0 is the usual
	// one of the scheme.
	Port int
	// Now is when the request began.
	Now time.Time
	// Origin is the origin whose pages may read the answer, as a browser is told it. Empty for none. It is a copy: a
	// response comes when the request's head may be gone.
	Origin []byte
	// MaxContent bounds the request's content, in bytes. 0 is for no bound.
	MaxContent int64
	// Gather is how much of the request's content is to be there before an endpoint is asked. 0 is for none.
	Gather int64
	// Own is set while policies change an answer of the rule's own, in place of an endpoint's.
	Own bool
	// Slots are what the request has taken of limits. They are released when the request ends.
	Slots limit.Slots
	// Accepts is the coding that the client likes its response in best, if a policy has to know that. Encode is the coding
	// that the response is to be sent in, if that can be done.
	Accepts, Encode message.Coding
	// Scratch is memory to write to. Request may point into it afterwards.
	Scratch []byte
	// Fields are additional fields for an answer of our own.
	Fields []message.Field
	// Script is what scripts remember of the request. Nil until one has run.
	Script *script.State
	// Notes is nil unless somebody only asks about the request. Then a policy counts nothing, and notes what decided.
	Notes *[]Note
}

// Detach forgets what is in the request's head. What the response needs stays.
func (v *View) Detach() {
	*v = View{Port: v.Port, Origin: v.Origin, Slots: v.Slots, Accepts: v.Accepts}
}

// note notes for somebody who only asks what a policy says of a request that goes on.
func (v *View) note(policy, text string) {
	if v.Notes != nil {
		*v.Notes = append(*v.Notes, Note{Policy: policy, Passed: true, Text: text})
	}
}

// scheme is what the client used.
func (v *View) scheme() string {
	if v.Secure {
		return "https"
	}
	return "http"
}

// Answer is how a request is answered. The zero value lets it go on.
type Answer struct {
	Reason reason.Reason
	// Detail replaces the reason's usual text.
	Detail string
	// Status replaces the reason's usual status. 0 leaves that.
	Status int
	// Content replaces the line of text that says why. Nil leaves that line.
	Content *Content
	// Again is set if the request is not answered, and its route is looked for anew by [View.Path].
	Again bool
}

// Content is the content of an answer that a rule's author wrote.
type Content struct {
	// Type is a media type.
	Type []byte
	Text string
}

// Note is what a policy says about a request that somebody asks about.
type Note struct {
	// Policy is the policy's name.
	Policy string
	// Passed is set if the request goes on.
	Passed bool
	Text   string
	// Limit is set by a rate limit.
	Limit *LimitNote
}
