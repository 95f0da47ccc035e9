// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/step"
)

// Trial is a request that somebody asks about. It goes through the phases as any other. Nothing of it is sent or
// counted.
type Trial struct {
	x     Exchange
	notes []step.Note
	// routed is the request as its route was looked for.
	routed message.Request
}

// Try returns a trial of a request by the generation that is served now. Its owner fills in the request and ends the
// trial with [Trial.End].
func (g *Engine) Try(from *client.Origin) *Trial {
	t := &Trial{x: Exchange{
		engine: g, origin: from, generation: g.Generation.Load(),
		Record: observe.Record{Started: g.Clock.Now(), Client: from.Peer},
	}}
	t.x.view.Notes = &t.notes
	return t
}

// End ends the trial and all views of its request.
func (t *Trial) End() {
	if t.x.Trace != nil {
		t.x.engine.Tracer.End(t.x.Trace)
	}
}

// Generation returns the generation that decides about the trial.
func (t *Trial) Generation() *routing.Generation { return t.x.generation }

// RequestHead returns where the owner puts the request's head before it calls [Trial.Decide].
func (t *Trial) RequestHead() *message.Request { return &t.x.request }

// Decide takes the request through the phases. It returns how the request is answered, or None if an endpoint is asked.
// It also returns what replaces the usual text of that reason.
func (t *Trial) Decide() (why reason.Reason, detail string) {
	if t.x.engine.Tracer != nil {
		t.x.enterTrace()
	}
	found := slices.IndexFunc(phases[:], func(p phase) bool { return p.name == routePhase }) + 1
	why = t.x.pass(phases[:found])
	t.routed = t.x.request
	t.routed.Fields = slices.Clone(t.routed.Fields) // policies change them
	if why == reason.None {
		why = t.x.pass(phases[found:])
	}
	return why, t.x.decision.detail
}

// Routed returns the request as it was when [Trial.Decide] looked for its route. Policies had changed nothing of it.
func (t *Trial) Routed() *message.Request { return &t.routed }

// Found is what the phases found out about a request.
type Found struct {
	// Host and Path are canonical. They are nil if the request's have no such form.
	Host, Path []byte
	// Client is the address of the client that the request is from. Secure is set if it came over HTTPS.
	Client netip.Addr
	Secure bool
	// Route is the request's route, or nil if it has none.
	Route *routing.Route
	// Backend is what an endpoint would be chosen from. Of several that a request goes to at random, it is the one with
	// the greatest weight. It has no pool if none can be chosen.
	Backend *routing.Backend
}

// Found returns what [Trial.Decide] found out.
func (t *Trial) Found() Found {
	return Found{t.x.Host, t.x.path, t.x.Client, t.x.Secure, t.x.route, t.x.backend}
}

// Session returns what becomes of the session that the request names, and its endpoint if it goes there, after
// [Trial.Decide].
func (t *Trial) Session() (routing.SessionState, *balance.Target) {
	if t.x.session.state != routing.SessionStays {
		return t.x.session.state, nil
	}
	return routing.SessionStays, t.x.backend.Pool.SessionAt(t.x.session.Session)
}

// Notes returns what the route's policies decided by.
func (t *Trial) Notes() []step.Note { return t.notes }

// Location returns where the client would be redirected to, if it would be for that reason.
func (t *Trial) Location(why reason.Reason) []byte {
	switch why {
	case reason.RedirectToHTTPS:
		return t.x.location()
	case reason.Redirected:
		location, _ := message.First(t.x.own.Fields, "location")
		return location
	}
	return nil
}

// Status returns the status of an answer with that reason, after [Trial.Decide].
func (t *Trial) Status(why reason.Reason) int { return cmp.Or(t.x.decision.status, why.Status()) }

// Page returns the service that would be asked for a page in place of an answer with a status and a reason. It is empty
// if none would be.
func (t *Trial) Page(status int, why reason.Reason) string {
	if p := t.x.pageFor(status, why); p != nil {
		return p.Pool.Service
	}
	return ""
}

// Forwarded turns the request into what an endpoint would get, and returns it.
func (t *Trial) Forwarded() *message.Request {
	t.x.dropForeignUpgrade()
	if t.x.Trace != nil {
		t.x.Trace.Explain(t.x.request.Fields)
	}
	return &t.x.request
}
