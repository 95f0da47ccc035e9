package proxy

import (
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/reason"
)

// decision is how a request is answered without asking an endpoint, or with None that one is to be asked.
type decision struct {
	reason reason.Reason
	// detail is told in the place of what the reason always says.
	detail string
	// proof is what an ACME challenge is answered with.
	proof string
}

// decide settles what the request means (which host, which path, whose), finds its route, asks the route's policies,
// and makes the request what an endpoint is to get. It reads nothing but the request and the generation, writes nothing
// but the exchange, and waits for nothing: what explains a request calls it too.
func (x *exchange) decide() decision {
	req := &x.request
	x.resolveClient()
	x.Host, x.hostBuf = canonical.Host(x.hostBuf, req.Authority)
	path, err := canonical.Path(x.pathBuf, req.Path)
	if err != nil {
		return decision{reason: reason.MalformedPath, detail: err.Error()}
	}
	if &path[0] != &req.Path[0] {
		x.pathBuf = path
	}
	req.Path, x.path = path, path
	if c := &x.generation.challenges; len(c.http) > 0 && !x.origin.secure {
		if proof := c.find(req.Method, x.Host, path); proof != "" {
			return decision{reason: reason.ACMEChallenge, proof: proof}
		}
	}
	router := &x.generation.router
	if !x.Secure && router.redirected(x.Host) {
		return decision{reason: reason.RedirectToHTTPS}
	}
	x.route = router.find(x.Host, path, canonical.AsItIs)
	if x.route == nil {
		return decision{reason: reason.RouteNotFound}
	}
	if !canonical.ReadsOneWay(path) {
		var ambiguous bool
		if ambiguous, x.rewriteBuf = router.ambiguous(x.rewriteBuf, x.Host, path, x.route); ambiguous {
			return decision{reason: reason.AmbiguousPath}
		}
	}
	if x.marked && x.loops() {
		return decision{reason: reason.LoopDetected}
	}
	if x.route.closed {
		return decision{reason: reason.RuleClosed}
	}
	if len(x.route.request) > 0 {
		if d := x.police(); d.reason != reason.None {
			return d
		}
	}
	x.mark()
	return decision{}
}

// police asks the route's policies in their order. They make the request what the endpoint is to get.
func (x *exchange) police() decision {
	v := x.viewed()
	v.Scratch, v.Fields = x.rewriteBuf, x.own.Fields
	for _, ask := range x.route.request {
		if answer := ask(v); answer.Reason != reason.None {
			x.own.Fields = v.Fields
			return decision{reason: answer.Reason, detail: answer.Detail}
		}
	}
	x.rewriteBuf = v.Scratch
	return decision{}
}

// viewed returns what policies see of the request.
func (x *exchange) viewed() *policy.View {
	v := &x.view
	v.Request, v.Host, v.Path, v.Client, v.Secure = &x.request, x.Host, x.path, x.Client, x.Secure
	v.Now = x.engine.clock.Start.Add(x.Started)
	return v
}
