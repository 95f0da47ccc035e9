// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/pipeline"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Explainer explains what an engine would do with a request, and lists what it serves.
type Explainer struct {
	engine *pipeline.Engine
	// requests says how requests are read.
	requests *http1.ServerConfig
	// Elsewhere returns hints about a host by what is in no snapshot, for explanations over HTTP. served says whether a
	// rule takes the request. May be nil.
	Elsewhere func(ctx context.Context, host string, served bool) []string
}

// New makes an explainer of an engine. requests says how requests are read.
func New(engine *pipeline.Engine, requests *http1.ServerConfig) *Explainer {
	return &Explainer{engine: engine, requests: requests}
}

// Explain says what would become of a request now. It uses the functions that requests go through, and the generation
// that they are served with. It sends nothing to an endpoint and takes nothing from a rate limit. The error is about
// the question.
func (x *Explainer) Explain(q *Question) (*Explanation, error) {
	a, err := q.parse()
	if err != nil {
		return nil, err
	}
	peer := q.Peer
	if !peer.IsValid() {
		peer = UnspecifiedPeer()
	}
	from := x.engine.Trusted.Origin(peer, a.secure, 0)
	t := x.engine.Try(&from)
	defer t.End()
	e := &Explanation{
		Generation: t.Generation().Number,
		Request: Request{
			Method: a.method, URL: q.URL, Peer: from.Peer.String(), Client: from.Peer.String(), TrustedPeer: from.Trusted, Secure: a.secure,
		},
	}
	e.Certificate = explainCertificate(t.Generation(), a.host)
	if a.secure && e.Certificate == nil && !q.AnyCertificate {
		e.Answer = Answer{TLSAlert: "unrecognized_name", Text: "the handshake fails: there is no certificate for " + a.host + " and no default one"}
		return e, nil
	}
	c := http1.NewServerConn(recital{bytes.NewReader(a.head())}, x.requests)
	defer c.Close(false)
	if err := recite(c, t.RequestHead()); err != nil {
		refused, ok := errors.AsType[*message.Error](err)
		if !ok {
			return nil, fmt.Errorf("reading the request: %w", err)
		}
		e.answer(reason.OfStatus(refused.Status), refused.Detail)
		return e, nil
	}
	e.explain(t)
	return e, nil
}

// explain takes the request through the phases and notes what they decided.
func (e *Explanation) explain(t *pipeline.Trial) {
	decided, detail := t.Decide()
	g, host, path, route := t.Generation(), t.Host(), t.Path(), t.Route()
	e.Request.Host, e.Request.Path = string(host), string(path)
	e.Request.Owner = decidingHost(g, host).Owner
	e.Request.Client, e.Request.Secure = t.Client().String(), t.Secure()
	switch decided {
	case reason.ACMEChallenge:
		detail = "the proof that a certificate authority asked for"
	case reason.RedirectToHTTPS:
		e.Candidates = candidatesOf(g, t.Routed(), host, path, g.Find(t.Routed(), host, path, canonical.AsItIs))
	default:
		if path != nil { // or the request is not for a path
			e.Candidates = candidatesOf(g, t.Routed(), host, path, route)
		}
	}
	if decided == reason.RouteNotFound {
		e.Hints = hintsFor(g, host, e.Candidates)
	}
	if route != nil && decided != reason.AmbiguousPath {
		e.Access = explainAccess(t)
		e.take(t.Notes())
		rule := ruleOf(g, host, route)
		e.Backends, e.Mirrors, e.Retries = backendsOf(g, rule), mirrorsOf(g, rule), retriesOf(rule)
		e.Session = explainSession(rule, t)
		e.Pool = explainPool(g, t, host)
	}
	if decided != reason.None {
		e.answer(decided, detail)
		e.Answer.Status, e.Answer.Location = t.Status(decided), string(t.Location(decided))
		return
	}
	e.Upstream = explainUpstream(t.Forwarded())
	if why, detail := foresee(t); why != reason.None {
		e.answer(why, detail)
		return
	}
	e.Answer.Text = "the service's"
}

// answer notes an answer of our own.
func (e *Explanation) answer(why reason.Reason, detail string) {
	e.Answer.Status, e.Answer.Reason, e.Answer.Text = why.Status(), why.String(), cmp.Or(detail, why.Text())
}

func explainCertificate(g *routing.Generation, host string) *Certificate {
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		host = "" // clients name no addresses (RFC 6066, section 3)
	}
	i, others, ok := g.Identity.Common(host)
	if !ok {
		return nil
	}
	c := &g.Snapshot.Certificates[i]
	_, notAfter := g.Identity.Validity(i)
	return &Certificate{ID: c.ID, Hosts: c.Hosts, NotAfter: notAfter, Default: others}
}

// explainAccess says whether the rule's access control admits the client, and which prefix decides. It does so even if
// another phase ended the request before access control. It returns nil if the rule lists no prefixes.
func explainAccess(t *pipeline.Trial) *Access {
	access := accessOf(ruleOf(t.Generation(), t.Host(), t.Route()))
	if access == nil || len(access.Allowed) == 0 && len(access.Denied) == 0 {
		return nil
	}
	admitted, prefix, why := access.Explain(t.Client())
	return &Access{Admitted: admitted, Prefix: prefix, Why: why}
}

// take puts the notes of policies into the explanation: those about rate limits into RateLimit, the others into
// Policies.
func (e *Explanation) take(notes []policy.Note) {
	for _, n := range notes {
		if l := n.Limit; l != nil {
			e.RateLimit = &Limit{
				PerSecond: l.Limit.PerSecond, Burst: l.Limit.Burst, Replicas: l.Replicas, Left: l.Left, Allowed: n.Passed,
				RetryAfter: l.Wait.Seconds(),
			}
			continue
		}
		e.Policies = append(e.Policies, Policy{Name: n.Policy, Passed: n.Passed, Text: n.Text})
	}
}

// ruleOf returns the route of the snapshot that a route was compiled from, or nil.
func ruleOf(g *routing.Generation, host []byte, route *routing.Route) *snapshot.Route {
	for _, r := range rulesOf(g, host) {
		if r.compiled == route {
			return r.Route
		}
	}
	return nil
}

// accessOf returns the access control of a route, or nil. The compiled route does not have the single prefixes any
// more.
func accessOf(r *snapshot.Route) *policy.Access {
	if r == nil {
		return nil
	}
	for _, p := range r.Policies {
		if access, ok := p.(*policy.Access); ok {
			return access
		}
	}
	return nil
}

// explainUpstream describes the head that an endpoint would get. It takes the fields from the head as it would be
// written.
func explainUpstream(req *message.Request) *Upstream {
	u := &Upstream{Method: string(req.Method), Path: string(req.Path), Target: string(req.Path) + string(req.Query)}
	lines := bytes.Split(heads.AppendRequest(nil, req), []byte("\r\n"))
	for _, line := range lines[1:] {
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok {
			u.Headers = append(u.Headers, Header{string(name), string(value)})
		}
	}
	return u
}

// retriesOf describes the retries of a route that says more of them than how often. It returns nil for others.
func retriesOf(r *snapshot.Route) *Retries {
	if r == nil || r.Retry == nil {
		return nil
	}
	return &Retries{Attempts: r.Retries, Codes: r.Retry.Codes, Backoff: r.Retry.Backoff.Seconds()}
}

// explainSession says what becomes of the session that the request names. It returns nil if the rule keeps none.
func explainSession(r *snapshot.Route, t *pipeline.Trial) *Session {
	if r == nil || r.Persistence == nil {
		return nil
	}
	p := r.Persistence
	s := &Session{Type: p.Type.String(), Name: p.Name, Absolute: p.Absolute.Seconds()}
	switch state, at := t.Session(); state {
	case pipeline.SessionStays:
		s.Stays = true
		if at != nil { // or it went just now
			s.Task = t.Backend().Pool.IDOf(at)
		}
	case pipeline.SessionEnded:
		s.Why = "that of the request is over"
	case pipeline.SessionMoves:
		s.Why = "the endpoint of the request's takes no requests, or is not one of the rule's"
	case pipeline.SessionUnknown:
		s.Why = "the request has something else in its place"
	default:
		s.Why = "the request names none"
	}
	return s
}

// explainPool describes the pool that an endpoint is chosen from. It returns nil if there is none.
func explainPool(g *routing.Generation, t *pipeline.Trial, host []byte) *Pool {
	p := t.Backend().Pool
	if p == nil {
		return nil
	}
	return &Pool{
		ID: p.ID, Service: p.Service, Protocol: p.Protocol(), TLS: proofOf(p, host),
		Policy: t.Route().Balancing.Policy.String(), Tasks: explainTasks(p), Why: whyUnserved(g, p.ID),
	}
}

// whyUnserved returns why no endpoint of a pool takes requests, as the snapshot has it.
func whyUnserved(g *routing.Generation, id string) string {
	i, ok := slices.BinarySearchFunc(g.Snapshot.Pools, id, func(p snapshot.Pool, id string) int { return cmp.Compare(p.ID, id) })
	if !ok {
		return ""
	}
	return g.Snapshot.Pools[i].Why
}

// explainTasks describes each endpoint of a pool: whether it takes requests, and if not, why.
func explainTasks(p *balance.Pool) []Task {
	tasks := make([]Task, 0, p.Len())
	for _, m := range p.Describe() {
		task := Task{
			ID: m.ID, Address: m.Address, Weight: m.Weight, Health: m.Health.String(), Active: m.Active, TakesRequests: m.Takes,
			Why: m.Why,
		}
		if m.Last != nil {
			task.LastError, task.LastErrorTime = m.Last.Text, m.Last.At.UTC()
		}
		tasks = append(tasks, task)
	}
	return tasks
}

// foresee returns why the choice of an endpoint would fail. It returns None if an endpoint or the queue takes the
// request.
func foresee(t *pipeline.Trial) (reason.Reason, string) {
	b := &t.Route().Balancing
	switch taking, room := t.Backend().Pool.Room(b.MaxConnections, b.MaxPending); {
	case !taking:
		return reason.NoHealthyTask, ""
	case !room:
		return reason.UpstreamBusy, ""
	}
	return reason.None, ""
}
