// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/step"
)

// phase is one step of a request's way to an endpoint.
type phase struct {
	name string
	pass func(*Decision) reason.Reason
}

// phases are what a request goes through before an endpoint is chosen, in their order. Each lets the request go on or
// says how it is answered. Only policies wait, and not where somebody explains a request, which runs them too. What
// else waits comes after them. The list in docs/request.md is the same.
var phases = [...]phase{
	{"client", (*Decision).findClient},       // first: nothing may read a forwarding field that nobody vouches for
	{"target", (*Decision).readTarget},       // all that follow compare one spelling
	{"trace", (*Decision).refuseTrace},       // nobody gets one, whatever rules there are
	{"challenge", (*Decision).findChallenge}, // a host that redirects, or has no rule yet, must get a certificate too
	{"redirect", (*Decision).redirect},       // before any rule says something in the clear
	{routePhase, (*Decision).findRoute},      // unless the connection is not the host's to begin with
	{"loop", (*Decision).refuseLoop},         // a request in a loop takes no tokens of its client's
	{"closed", (*Decision).refuseClosed},
	{"policies", (*Decision).askPolicies},   // in the order of policy.Order
	{"backend", (*Decision).chooseBackend},  // what a policy answers is nobody's share
	{"forwards", (*Decision).countForwards}, // who may not come gets no answer to OPTIONS either
	{"spelling", (*Decision).keepSpelling},  // policies have seen the path that was checked, and have changed it or not
	{"mark", (*Decision).mark},              // last: no policy can take it out again
}

// routePhase is the name of the phase that finds the route.
const routePhase = "route"

// Decide takes the request through the phases, up to the first that says how it is answered. It
// writes nothing but the decision and what policies keep, such as the tokens of a rate limit. What goes with the reason
// is in Reply: returning that from the phases as well cost each request 100 ns more (BenchmarkDecide).
func (d *Decision) Decide() reason.Reason { return d.pass(phases[:]) }

// pass takes the request through some of the phases.
func (d *Decision) pass(through []phase) reason.Reason {
	for i := range through {
		if why := through[i].pass(d); why != reason.None {
			return why
		}
	}
	return reason.None
}

func (d *Decision) findClient() reason.Reason {
	var found client.Finding
	found, d.forwardedBuf = d.Basis.Trusted.Resolve(d.Origin, &d.Head, d.forwardedBuf, &d.idBuf)
	d.Client, d.Secure, d.RequestID = found.Client, found.Secure, found.RequestID
	d.LogsIn, d.marked = found.LogsIn, found.Marked
	return reason.None
}

// readTarget finds out which host and path the request is for. It encodes the bytes beyond ASCII of its path and query:
// what is routed, checked, logged and forwarded is the same.
func (d *Decision) readTarget() reason.Reason {
	req := &d.Head
	d.Host, d.hostBuf = canonical.Host(d.hostBuf, req.Authority)
	if req.IsAsterisk() {
		return d.answerOptions()
	}
	if !canonical.IsASCII(req.Query) {
		d.queryBuf = canonical.AppendEncoded(d.queryBuf[:0], req.Query)
		req.Query = d.queryBuf
	}
	path, err := canonical.Path(d.pathBuf, req.Path)
	if err != nil && !canonical.IsASCII(req.Path) {
		d.rewriteBuf = canonical.AppendEncoded(d.rewriteBuf[:0], req.Path)
		path, err = canonical.Path(d.pathBuf, d.rewriteBuf)
	}
	if err != nil {
		d.Reply.Detail = err.Error()
		return reason.MalformedPath
	}
	if &path[0] != &req.Path[0] {
		d.pathBuf = path
		if string(path) != string(req.Path) && canonical.Respellable(req.Path) {
			d.sent = req.Path
		}
	}
	req.Path, d.path = path, path
	return reason.None
}

// findChallenge answers a certificate authority that asks for a proof.
func (d *Decision) findChallenge() reason.Reason {
	if !d.Origin.Secure {
		if proof := d.Generation.Identity.Proof(d.Head.Method, d.Host, d.path); proof != "" {
			d.Reply.Proof = proof
			return reason.ACMEChallenge
		}
	}
	return reason.None
}

func (d *Decision) redirect() reason.Reason {
	if !d.Secure && d.Generation.At(d.Origin.Listener).Redirected(d.Host) {
		return reason.RedirectToHTTPS
	}
	return reason.None
}

// outlived returns whether the certificate that the client of a listener has proven to be by has expired since.
func (d *Decision) outlived() bool {
	return d.Origin.ProvenUntil != 0 && d.Basis.Clock.Start.Add(d.Started).Unix() >= d.Origin.ProvenUntil
}

func (d *Decision) findRoute() reason.Reason {
	routes := d.Generation.At(d.Origin.Listener)
	if routes.Names != nil && (routes.Names.Misdirected(d.Origin.ServerName, d.Origin.Proven, d.Host) || d.outlived()) ||
		routes.Asking != nil && d.Origin.Secure && routes.Asking.Misdirected(d.Origin.ServerName, d.Host) {
		return reason.MisdirectedRequest
	}
	d.Route = routes.Find(&d.Head, d.Host, d.path, canonical.AsItIs)
	switch d.Route {
	case nil:
		return reason.RouteNotFound
	case routing.Overtaxed:
		d.Route, d.Reply.Detail = nil, "the request is too long for the regular expressions of its host's rules"
		return reason.TargetTooLong
	}
	d.Backend = &d.Route.Backend
	if d.Route.AsksClients && d.Origin.Secure && d.Origin.Shown == nil && routes.Asking.Asks(d.Host) {
		return reason.MisdirectedRequest // the host asked for no certificate yet when the connection was made
	}
	if !canonical.ReadsOneWay(d.path) {
		var ambiguous bool
		if ambiguous, d.rewriteBuf = routes.Ambiguous(&d.Head, d.rewriteBuf, d.Host, d.path, d.Route); ambiguous {
			return reason.AmbiguousPath
		}
	}
	return reason.None
}

func (d *Decision) refuseClosed() reason.Reason {
	if d.Route.Closed {
		return reason.RuleClosed
	}
	return reason.None
}

// askPolicies asks the route's policies in their order. They turn the request into what the endpoint is to get. If one
// has the route looked for anew, those of the new route are asked. A policy bounds how often it does that.
func (d *Decision) askPolicies() reason.Reason {
	for {
		why, next := d.ask(d.Route.Policies.Request)
		if next != step.Again {
			return why
		}
		if d.asked == nil {
			d.asked, d.askedSent = d.path, d.sent
		}
		d.path, d.sent = d.View.Path, nil
		if why := d.pass(foundAnew[:]); why != reason.None {
			return why
		}
	}
}

// foundAnew are the phases that a request goes through if a policy has its route looked for anew.
var foundAnew = [...]phase{{routePhase, (*Decision).findRoute}, {"loop", (*Decision).refuseLoop}, {"closed", (*Decision).refuseClosed}}

// ask asks policies, up to the first that does not let the request go on.
func (d *Decision) ask(policies []func(*step.View) step.Answer) (why reason.Reason, next step.Next) {
	if len(policies) == 0 {
		return reason.None, 0
	}
	v := d.Viewed()
	v.Scratch, v.Fields, v.Sent = d.rewriteBuf, d.Own.Fields, d.told()
	if v.Origin == nil {
		v.Origin = d.originBuf[:0]
	}
	var answer step.Answer
	for _, ask := range policies {
		if answer = ask(v); answer.Reason != reason.None || answer.Next != 0 {
			if answer.Next == step.Wait {
				if answer = d.await(v); answer.Reason == reason.None {
					continue
				}
			}
			d.Own.Fields, d.Cause = v.Fields, answer.Cause
			d.Reply.Detail, d.Reply.Status, d.Reply.Content = answer.Detail, answer.Status, answer.Content
			break
		}
	}
	d.rewriteBuf, d.originBuf, d.script, d.User = v.Scratch, v.Origin, v.Script, v.User
	return answer.Reason, answer.Next
}

// await has an asker find out what a step could not. That may wait. If the request was ended meanwhile, it does not
// matter what the asker says.
func (d *Decision) await(v *step.View) step.Answer {
	asker, fields := v.Await, v.Fields
	v.Await = nil
	if d.Waiting == nil {
		asker.Foretell(v)
		return step.Answer{}
	}
	answer := asker.Ask(v, d.Waiting)
	if ended := d.Waiting.Disarm(); ended != reason.None {
		v.Fields = fields
		return step.Answer{Reason: ended}
	}
	return answer
}

// Viewed returns what policies see of the request.
func (d *Decision) Viewed() *step.View {
	v := &d.View
	v.Request, v.Host, v.Path, v.Client, v.Secure = &d.Head, d.Host, d.path, d.Client, d.Secure
	v.Shown, v.Script = d.Origin.Shown, d.script
	if v.Now.IsZero() {
		v.Now = d.Basis.Clock.Start.Add(d.Started)
	}
	return v
}
