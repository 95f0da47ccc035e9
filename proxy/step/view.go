// SPDX-License-Identifier: Apache-2.0

package step

import (
	"net/netip"
	"time"

	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/limit"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/script/machine"
)

// View is what a policy sees of a request, and what it may change. It is part of what exists for each request anyway:
// one made for the call would be an allocation.
type View struct {
	// Request is what the endpoint gets. Its Path and Fields may be changed.
	Request *message.Request
	// Host and Path are canonical. The route was found by them. A policy that changes Path has to answer with
	// [Again].
	Host, Path []byte
	// Sent is the path as the client sent it, if that differs and may be told to others. Nil otherwise.
	Sent []byte
	// Client is the client's address, unmapped and without a zone.
	Client netip.Addr
	// Secure is set if the client came over HTTPS.
	Secure bool
	// Shown is what the client showed when it was asked for a certificate in the handshake of its connection. Nil if it
	// was not asked.
	Shown *clientcert.Shown
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
	Script *machine.State
	// Await is who is asked if a step answers with [Wait].
	Await Asker
	// Admitted is set if the request may pass without saying whose it is.
	Admitted bool
	// User is whose the request is, for logs. Empty if nobody has found out.
	User string
	// Given is what the client gets besides the response. Nil for nothing. It has nothing of the request's head.
	Given Giver
	// Notes is nil unless somebody only asks about the request. Then a policy counts nothing, and notes what decided.
	Notes *[]Note
}

// Detach forgets what is in the request's head. What the response needs stays.
func (v *View) Detach() {
	*v = View{Port: v.Port, Origin: v.Origin, Slots: v.Slots, Accepts: v.Accepts, Given: v.Given}
}

// Note notes for somebody who only asks what a policy says of a request that goes on.
func (v *View) Note(policy, text string) {
	if v.Notes != nil {
		*v.Notes = append(*v.Notes, Note{Policy: policy, Passed: true, Text: text})
	}
}

// Scheme is what the client used.
func (v *View) Scheme() string {
	if v.Secure {
		return "https"
	}
	return "http"
}

// AppendOrigin appends the beginning of the URLs that the client uses, up to the path.
func (v *View) AppendOrigin(url []byte) []byte {
	scheme := v.Scheme()
	url = append(append(append(url, scheme...), "://"...), v.Host...)
	return message.AppendPort(url, scheme, v.Port)
}
