// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/netip"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
)

// trial is a request that somebody asks about. It goes through the phases as any other, and nothing of it is sent or
// counted.
type trial struct {
	x     exchange
	notes []policy.Note
}

// try returns a trial of a request by the generation that is served now. Its owner fills in the request and ends the
// trial by [trial.end].
func (g *engine) try(from *origin) *trial {
	t := &trial{x: exchange{
		engine: g, origin: from, generation: g.generation.Load(),
		Record: observe.Record{Started: g.clock.Now(), Client: from.peer},
	}}
	t.x.view.Notes = &t.notes
	return t
}

// end ends the trial and all views of its request.
func (t *trial) end() {
	if t.x.Trace != nil {
		t.x.engine.tracer.End(t.x.Trace)
	}
}

// generation is what the trial is decided by.
func (t *trial) generation() *routing.Generation { return t.x.generation }

// requestHead is where the request's head is put before decide.
func (t *trial) requestHead() *message.Request { return &t.x.request }

// decide takes the request through the phases. It returns how the request is answered, or None where an endpoint is
// asked, and what is told in the place of what that reason always says.
func (t *trial) decide() (why reason.Reason, detail string) {
	if t.x.engine.tracer != nil {
		t.x.enterTrace()
	}
	return t.x.decide(), t.x.decision.detail
}

// What is known after decide. Host and path are canonical and nil where they have no such form, route is nil where the
// request has none.

func (t *trial) host() []byte          { return t.x.Host }
func (t *trial) path() []byte          { return t.x.path }
func (t *trial) client() netip.Addr    { return t.x.Client }
func (t *trial) secure() bool          { return t.x.Secure }
func (t *trial) route() *routing.Route { return t.x.route }

// noted is what the route's policies decided by.
func (t *trial) noted() []policy.Note { return t.notes }

// location is where the client would be redirected to.
func (t *trial) location() []byte { return t.x.location() }

// forwarded makes of the request what an endpoint would get, and returns it.
func (t *trial) forwarded() *message.Request {
	t.x.dropForeignUpgrade()
	if t.x.Trace != nil {
		t.x.Trace.Explain(t.x.request.Fields)
	}
	return &t.x.request
}
