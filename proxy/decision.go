package proxy

import (
	"net/netip"
	"time"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/reason"
)

// decision is how a request is answered without asking an endpoint, or with None that one is to be asked.
type decision struct {
	reason reason.Reason
	// detail is told in the place of what the reason always says.
	detail string
	// proof is what an ACME challenge is answered with, wait how long a client has to wait that sent too much.
	proof string
	wait  time.Duration
}

// limits says whether a client may send one more request on a route, or after how long it may. The limiter counts the
// request; whoever only wants to know does not.
type limits interface {
	allow(rule uint32, limit *RateLimit, client netip.Addr, now time.Time) (ok bool, wait time.Duration)
}

// decide settles what the request means (which host, which path, whose), finds its route, asks the route's policies,
// and makes the request what an endpoint is to get. It reads nothing but the request and the generation, writes nothing
// but the exchange, and waits for nothing: what explains a request calls it too.
func (x *exchange) decide(limits limits) decision {
	req := &x.request
	x.resolveClient()
	x.host, x.hostBuf = canonical.Host(x.hostBuf, req.Authority)
	path, err := canonical.Path(x.pathBuf, req.Path)
	if err != nil {
		return decision{reason: reason.MalformedPath, detail: err.Error()}
	}
	if &path[0] != &req.Path[0] {
		x.pathBuf = path
	}
	req.Path, x.path = path, path
	if c := &x.generation.challenges; len(c.http) > 0 && !x.origin.secure {
		if proof := c.find(req.Method, x.host, path); proof != "" {
			return decision{reason: reason.ACMEChallenge, proof: proof}
		}
	}
	router := &x.generation.router
	if !x.secure && router.redirected(x.host) {
		return decision{reason: reason.RedirectToHTTPS}
	}
	x.route = router.find(x.host, path, canonical.AsItIs)
	if x.route == nil {
		return decision{reason: reason.RouteNotFound}
	}
	if !canonical.ReadsOneWay(path) {
		var ambiguous bool
		if ambiguous, x.rewriteBuf = router.ambiguous(x.rewriteBuf, x.host, path, x.route); ambiguous {
			return decision{reason: reason.AmbiguousPath}
		}
	}
	if x.marked && x.loops() {
		return decision{reason: reason.LoopDetected}
	}
	if x.route.policies != nil {
		if d := x.police(x.route.policies, limits); d.reason != reason.None {
			return d
		}
	}
	x.mark()
	return decision{}
}

// police asks the route's policies in their order and makes the request what the endpoint is to get.
func (x *exchange) police(p *policies, limits limits) decision {
	if p.closed {
		return decision{reason: reason.RuleClosed}
	}
	if !p.access.admits(x.client) {
		return decision{reason: reason.AccessDenied}
	}
	if p.limit != 0 {
		if ok, wait := limits.allow(p.limit, &p.rateLimit, x.client, x.proxy.clock.Start.Add(x.started)); !ok {
			return decision{reason: reason.RateLimited, wait: wait}
		}
	}
	x.request.Fields = p.request.apply(x.request.Fields)
	if p.rewrite != nil {
		if x.rewriteBuf == nil {
			x.rewriteBuf = make([]byte, 0, 256)
		}
		path, err := p.rewrite.apply(x.rewriteBuf, x.path)
		if err != nil {
			return decision{reason: reason.MalformedPath, detail: err.Error()}
		}
		x.request.Path = path
	}
	return decision{}
}
