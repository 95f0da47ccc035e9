// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/step"
)

// decision goes with the reason, if a request is answered without asking an endpoint.
type decision struct {
	// detail replaces what the reason always says.
	detail string
	// proof is the answer to an ACME challenge.
	proof string
	// status replaces the reason's, unless it is 0. content replaces the line that says why, unless it is nil.
	status  int
	content *step.Content
}

// phase is one step of a request's way to an endpoint.
type phase struct {
	name string
	pass func(*Exchange) reason.Reason
}

// phases are what a request goes through before an endpoint is chosen, in their order. Each lets the request go on or
// says how it is answered. None waits for anything, because what explains a request runs them too. What waits comes
// after them. The list in docs/request.md is the same.
var phases = [...]phase{
	{"client", (*Exchange).findClient},       // first: nothing may read a forwarding field that nobody vouches for
	{"target", (*Exchange).readTarget},       // all that follow compare one spelling
	{"trace", (*Exchange).refuseTrace},       // nobody gets one, whatever rules there are
	{"challenge", (*Exchange).findChallenge}, // a host that redirects, or has no rule yet, must get a certificate too
	{"redirect", (*Exchange).redirect},       // before any rule says something in the clear
	{routePhase, (*Exchange).findRoute},      // unless the connection is not the host's to begin with
	{"loop", (*Exchange).refuseLoop},         // a request in a loop takes no tokens of its client's
	{"closed", (*Exchange).refuseClosed},
	{"policies", (*Exchange).askPolicies},   // in the order of policy.Order
	{"backend", (*Exchange).chooseBackend},  // what a policy answers is nobody's share
	{"forwards", (*Exchange).countForwards}, // who may not come gets no answer to OPTIONS either
	{"spelling", (*Exchange).keepSpelling},  // policies have seen the path that was checked, and have changed it or not
	{"mark", (*Exchange).mark},              // last: no policy can take it out again
}

// routePhase is the name of the phase that finds the route.
const routePhase = "route"

// decide takes the request through the phases, up to the first that says how it is answered. It waits for nothing. It
// writes nothing but the exchange and what policies keep, such as the tokens of a rate limit. What goes with the reason
// is in the exchange's decision: returning that from the phases as well cost each request 100 ns more
// (BenchmarkDecide).
func (x *Exchange) decide() reason.Reason { return x.pass(phases[:]) }

// pass takes the request through some of the phases.
func (x *Exchange) pass(through []phase) reason.Reason {
	for i := range through {
		if why := through[i].pass(x); why != reason.None {
			return why
		}
	}
	return reason.None
}

func (x *Exchange) findClient() reason.Reason {
	var found client.Finding
	found, x.forwardedBuf = x.engine.Trusted.Resolve(x.origin, &x.request, x.forwardedBuf, &x.idBuf)
	x.Client, x.Secure, x.RequestID = found.Client, found.Secure, found.RequestID
	x.logsIn, x.marked = found.LogsIn, found.Marked
	return reason.None
}

// readTarget finds out which host and path the request is for. It encodes the bytes beyond ASCII of its path and query:
// what is routed, checked, logged and forwarded is the same.
func (x *Exchange) readTarget() reason.Reason {
	req := &x.request
	x.Host, x.hostBuf = canonical.Host(x.hostBuf, req.Authority)
	if req.IsAsterisk() {
		return x.answerOptions()
	}
	if !canonical.IsASCII(req.Query) {
		x.queryBuf = canonical.AppendEncoded(x.queryBuf[:0], req.Query)
		req.Query = x.queryBuf
	}
	path, err := canonical.Path(x.pathBuf, req.Path)
	if err != nil && !canonical.IsASCII(req.Path) {
		x.rewriteBuf = canonical.AppendEncoded(x.rewriteBuf[:0], req.Path)
		path, err = canonical.Path(x.pathBuf, x.rewriteBuf)
	}
	if err != nil {
		x.decision.detail = err.Error()
		return reason.MalformedPath
	}
	if &path[0] != &req.Path[0] {
		x.pathBuf = path
		if string(path) != string(req.Path) && canonical.Respellable(req.Path) {
			x.sent = req.Path
		}
	}
	req.Path, x.path = path, path
	return reason.None
}

// findChallenge answers a certificate authority that asks for a proof.
func (x *Exchange) findChallenge() reason.Reason {
	if !x.origin.Secure {
		if proof := x.generation.Identity.Proof(x.request.Method, x.Host, x.path); proof != "" {
			x.decision.proof = proof
			return reason.ACMEChallenge
		}
	}
	return reason.None
}

func (x *Exchange) redirect() reason.Reason {
	if !x.Secure && x.generation.At(x.origin.Listener).Redirected(x.Host) {
		return reason.RedirectToHTTPS
	}
	return reason.None
}

func (x *Exchange) findRoute() reason.Reason {
	routes := x.generation.At(x.origin.Listener)
	if routes.Names != nil && routes.Names.Misdirected(x.origin.ServerName, x.origin.Proven, x.Host) {
		return reason.MisdirectedRequest
	}
	x.route = routes.Find(&x.request, x.Host, x.path, canonical.AsItIs)
	switch x.route {
	case nil:
		return reason.RouteNotFound
	case routing.Overtaxed:
		x.route, x.decision.detail = nil, "the request is too long for the regular expressions of its host's rules"
		return reason.TargetTooLong
	}
	x.backend = &x.route.Backend
	if !canonical.ReadsOneWay(x.path) {
		var ambiguous bool
		if ambiguous, x.rewriteBuf = routes.Ambiguous(&x.request, x.rewriteBuf, x.Host, x.path, x.route); ambiguous {
			return reason.AmbiguousPath
		}
	}
	return reason.None
}

func (x *Exchange) refuseClosed() reason.Reason {
	if x.route.Closed {
		return reason.RuleClosed
	}
	return reason.None
}

// askPolicies asks the route's policies in their order. They turn the request into what the endpoint is to get. If one
// has the route looked for anew, those of the new route are asked. A policy bounds how often it does that.
func (x *Exchange) askPolicies() reason.Reason {
	for {
		why, next := x.ask(x.route.Policies.Request)
		if next != step.Again {
			return why
		}
		if x.asked == nil {
			x.asked, x.askedSent = x.path, x.sent
		}
		x.path, x.sent = x.view.Path, nil
		if why := x.pass(foundAnew[:]); why != reason.None {
			return why
		}
	}
}

// foundAnew are the phases that a request goes through if a policy has its route looked for anew.
var foundAnew = [...]phase{{routePhase, (*Exchange).findRoute}, {"loop", (*Exchange).refuseLoop}, {"closed", (*Exchange).refuseClosed}}

// ask asks policies, up to the first that does not let the request go on.
func (x *Exchange) ask(policies []func(*step.View) step.Answer) (why reason.Reason, next step.Next) {
	if len(policies) == 0 {
		return reason.None, 0
	}
	v := x.viewed()
	v.Scratch, v.Fields, v.Sent = x.rewriteBuf, x.own.Fields, x.told()
	if v.Origin == nil {
		v.Origin = x.originBuf[:0]
	}
	var answer step.Answer
	for _, ask := range policies {
		if answer = ask(v); answer.Reason != reason.None || answer.Next != 0 {
			x.own.Fields = v.Fields
			x.decision.detail, x.decision.status, x.decision.content = answer.Detail, answer.Status, answer.Content
			break
		}
	}
	x.rewriteBuf, x.originBuf, x.script = v.Scratch, v.Origin, v.Script
	return answer.Reason, answer.Next
}

// told returns the path as the client sent it, if that differs and no part of it would be read as a host.
func (x *Exchange) told() []byte {
	if x.sent == nil {
		return nil
	}
	if _, host := canonical.BehindAuthority(x.sent, x.path); host {
		return nil
	}
	return x.sent
}

// viewed returns what policies see of the request.
func (x *Exchange) viewed() *step.View {
	v := &x.view
	v.Request, v.Host, v.Path, v.Client, v.Secure = &x.request, x.Host, x.path, x.Client, x.Secure
	v.Now, v.Script = x.engine.Clock.Start.Add(x.Started), x.script
	return v
}
