// SPDX-License-Identifier: Apache-2.0

package decide

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
	"github.com/warren-dev/ingress/proxy/session"
	"github.com/warren-dev/ingress/proxy/step"
)

// Trial is a request that somebody asks about. It goes through the phases as any other. Nothing of it is sent or
// counted.
type Trial struct {
	d     Decision
	notes []step.Note
	// routed is the request as its route was looked for.
	routed message.Request
	// stop ends the watch over what the trial waits for. Nil if it waits for nothing.
	stop func() bool
}

// Try returns a trial of a request by the generation that is served now. Its owner fills in the request and ends the
// trial with [Trial.End].
func (b *Basis) Try(from *client.Origin) *Trial {
	t := &Trial{d: Decision{decided: decided{
		Basis: b, Origin: from, Generation: b.Generation.Load(),
		Record: observe.Record{Started: b.Clock.Now(), Client: from.Peer},
	}}}
	t.d.View.Notes = &t.notes
	return t
}

// End ends the trial and all views of its request.
func (t *Trial) End() {
	if t.stop != nil {
		t.stop()
	}
	if t.d.Trace != nil {
		t.d.Basis.Tracer.End(t.d.Trace)
	}
}

// Generation returns the generation that decides about the trial.
func (t *Trial) Generation() *routing.Generation { return t.d.Generation }

// RequestHead returns where the owner puts the request's head before it calls [Trial.Decide].
func (t *Trial) RequestHead() *message.Request { return &t.d.Head }

// Decide takes the request through the phases. It returns how the request is answered, or None if an endpoint is asked.
// It also returns what replaces the usual text of that reason, for operators.
func (t *Trial) Decide() (why reason.Reason, detail string) {
	if t.d.Basis.Tracer != nil {
		t.d.EnterTrace()
	}
	found := slices.IndexFunc(phases[:], func(p phase) bool { return p.name == routePhase }) + 1
	why = t.d.pass(phases[:found])
	t.routed = t.d.Head
	t.routed.Fields = slices.Clone(t.routed.Fields) // policies change them
	if why == reason.None {
		why = t.d.pass(phases[found:])
	}
	return why, cmp.Or(t.d.Reply.Detail, t.d.Cause)
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
	return Found{t.d.Host, t.d.path, t.d.Client, t.d.Secure, t.d.Route, t.d.Backend}
}

// Session returns what becomes of the session that the request names, and its endpoint if it goes there, after
// [Trial.Decide].
func (t *Trial) Session() (session.State, *balance.Target) {
	if t.d.Session.State != session.Stays {
		return t.d.Session.State, nil
	}
	return session.Stays, t.d.Backend.Pool.SessionAt(t.d.Session.Session)
}

// Notes returns what the route's policies decided by.
func (t *Trial) Notes() []step.Note { return t.notes }

// Location returns where the client would be redirected to, if it would be for that reason.
func (t *Trial) Location(why reason.Reason) []byte {
	switch why {
	case reason.RedirectToHTTPS:
		return t.d.Location()
	case reason.Redirected, reason.AuthRequired:
		location, _ := message.First(t.d.Own.Fields, "location")
		return location
	}
	return nil
}

// Status returns the status of an answer with that reason, after [Trial.Decide].
func (t *Trial) Status(why reason.Reason) int { return cmp.Or(t.d.Reply.Status, why.Status()) }

// Page returns the service that would be asked for a page in place of an answer with a status and a reason. It is empty
// if none would be.
func (t *Trial) Page(status int, why reason.Reason) string {
	if p := t.d.PageFor(status, why); p != nil {
		return p.Pool.Service
	}
	return ""
}

// Forwarded turns the request into what an endpoint would get, and returns it.
func (t *Trial) Forwarded() *message.Request {
	t.d.DropForeignUpgrade()
	if t.d.Trace != nil {
		t.d.Trace.Explain(t.d.Head.Fields)
	}
	return &t.d.Head
}

// Foresee returns why the choice of an endpoint would fail, after [Trial.Decide]. It returns None if an endpoint or the
// queue takes the request. fallsBack is set if that is for the route's fallback to do.
func (t *Trial) Foresee() (why reason.Reason, fallsBack bool) {
	route := t.d.Route
	b := &route.Balancing
	taking, room := t.d.Backend.Pool.Room(b.MaxConnections, b.MaxPending)
	if f := route.Fallback; f != nil && !taking {
		fallsBack = true
		taking, room = f.Backend.Pool.Room(b.MaxConnections, b.MaxPending)
	}
	switch {
	case !taking:
		return reason.NoHealthyTask, fallsBack
	case !room:
		return reason.UpstreamBusy, fallsBack
	}
	return reason.None, fallsBack
}
