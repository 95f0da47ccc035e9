// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/mirror"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/step"
)

// Decision is one request on its way to an endpoint: what it is decided by, and what was decided. It is part of what
// serves the request, and used again with that.
type Decision struct {
	decided
	// Memory is what the next use of the decision keeps.
	Memory
}

// decided is what is forgotten before the next use. That is a part of its own, so that what is kept stays where it is.
type decided struct {
	Basis  *Basis
	Origin *client.Origin

	// Record is what observers are told once the request is over. Its shard is also where this connection first looks for
	// idle upstream connections.
	observe.Record

	Generation *routing.Generation
	// Backend is what the request is sent to. Until one of several is chosen, it is the route's own.
	Route   *routing.Route
	Backend *routing.Backend
	// View is what the route's policies see.
	View step.View
	// Waiting is how the request waits for what a policy cannot find out at once. Nil if somebody only asks about the
	// request, and nothing is to be waited for.
	Waiting step.Waiting
	// Reply is empty if an endpoint is to be asked.
	Reply Reply
	// path is the canonical path that the route was found by, before any rewriting.
	path []byte
	// sent is the path as the client sent it, if that differs and may go to the endpoint. respelled is set once it is what
	// the endpoint gets.
	sent      []byte
	respelled bool
	// asked is the canonical path that the client asked for, once a policy has had the route found by another. askedSent
	// is that as the client sent it, if it differs.
	asked, askedSent []byte
	// idBuf is the memory of a request id that was made here.
	idBuf client.RequestID

	// Hash is what the Hash policy chooses by. Cookie is the cookie that the client is to get for that, or nil.
	Hash   uint64
	Cookie []byte
	// Session is the one that the request belongs to.
	Session Session
	Copies  mirror.Copies
	// LogsIn is set if the request logs in the connection that it takes.
	LogsIn bool
	// marked is set if the request went through a proxy that leaves a mark.
	marked bool
}

// Reply goes with the reason, if a request is answered without asking an endpoint.
type Reply struct {
	// Detail replaces what the reason always says.
	Detail string
	// Proof is the answer to an ACME challenge.
	Proof string
	// Status replaces the reason's, unless it is 0. Content replaces the line that says why, unless it is nil.
	Status  int
	Content *step.Content
}

// EnterTrace gives the request its place in a trace. The request then names that place instead of what it named
// before.
func (d *Decision) EnterTrace() {
	d.Trace = d.Basis.Tracer.Begin(&d.Head, d.Origin.Trusted)
}

// CopyForMirrors makes the copies of the request that the route's mirrors are to get. They have what the route's
// policies made of the request, and nothing of what those of the chosen backend make of it. A request that somebody
// only asks about goes nowhere.
func (d *Decision) CopyForMirrors() {
	if d.View.Notes == nil {
		d.Copies.Make(&d.Basis.Mirrors, d.Route.Mirrors, &d.Head, d.Host, d.Shard, d.LogsIn)
	}
}

// End ends all views of the request, and empties the decision for its next use.
func (d *Decision) End() {
	d.Copies.Drop()
	if d.Trace != nil {
		d.Basis.Tracer.End(d.Trace)
	}
	d.empty()
	d.decided = decided{}
}
