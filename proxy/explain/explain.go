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
	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/decide"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/session"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/step"
)

// Explainer explains what would become of a request, and lists what is served.
type Explainer struct {
	basis *decide.Basis
	// requests says how requests are read.
	requests *http1.ServerConfig
	// Elsewhere returns hints about a host by what is in no snapshot, for explanations over HTTP. served says whether a
	// rule takes the request. May be nil.
	Elsewhere func(ctx context.Context, host string, served bool) []string
	// index finds routes by words.
	index routeIndex
}

// New makes an explainer of what is decided on a basis. requests says how requests are read.
func New(basis *decide.Basis, requests *http1.ServerConfig) *Explainer {
	return &Explainer{basis: basis, requests: requests}
}

// Explain says what would become of a request now. It uses the functions that requests go through, and the generation
// that they are served with. It sends nothing to an endpoint and takes nothing from a rate limit. The error is about
// the question.
func (x *Explainer) Explain(q *Question) (*explanation.Explanation, error) {
	return x.ExplainWithin(context.Background(), q)
}

// ExplainWithin is Explain for a question that may have others asked. It waits for them until ctx ends.
func (x *Explainer) ExplainWithin(ctx context.Context, q *Question) (*explanation.Explanation, error) {
	a, err := q.parse()
	if err != nil {
		return nil, err
	}
	peer := q.Peer
	if !peer.IsValid() {
		peer = explanation.UnspecifiedPeer()
	}
	from := x.basis.Trusted.Origin(peer, a.secure, 0)
	t := x.basis.Try(&from)
	defer t.End()
	if q.Ask {
		t.Ask(ctx)
	}
	at, err := a.siteFor(t.Generation(), q.Listener)
	if err != nil {
		return nil, err
	}
	from.Listener = at.number
	e := &explanation.Explanation{
		Generation: t.Generation().Number,
		Request: explanation.Request{
			Method: a.method, URL: q.URL, Peer: from.Peer.String(), Client: from.Peer.String(), TrustedPeer: from.Trusted, Secure: a.secure,
		},
	}
	if l := at.listener; l != nil {
		e.Listener = &explanation.Listener{ID: at.deciding([]byte(a.host)).Owner, Address: l.Address.String()}
	}
	e.Certificate, from.ServerName, from.Proven = explainCertificate(&at, a.host)
	if a.secure && at.listener == nil && at.Identity.Asking().Asks([]byte(from.ServerName)) {
		from.Shown = clientcert.NewShown(nil) // What that is does not matter: the policy says what it would ask for.
	}
	if a.secure && e.Certificate == nil && !q.AnyCertificate {
		e.Answer = explanation.Answer{TLSAlert: "unrecognized_name", Text: "the handshake fails: there is no certificate for " + a.host + " and no default one"}
		return e, nil
	}
	c := http1.NewServerConn(recital{bytes.NewReader(a.head())}, x.requests)
	defer c.Close(false)
	if err := recite(c, t.RequestHead()); err != nil {
		refused, ok := errors.AsType[*message.Error](err)
		if !ok {
			return nil, fmt.Errorf("reading the request: %w", err)
		}
		answerOwn(e, reason.OfStatus(refused.Status), refused.Detail)
		return e, nil
	}
	explain(e, t, &at)
	return e, nil
}

// explain takes the request through the phases and notes what they decided.
func explain(e *explanation.Explanation, t *decide.Trial, at *site) {
	decided, detail := t.Decide()
	found := t.Found()
	host, path, route := found.Host, found.Path, found.Route
	e.Request.Host, e.Request.Path = string(host), string(path)
	switch owner := at.deciding(host).Owner; e.Listener {
	case nil:
		e.Request.Owner = owner
	default:
		e.Listener.ID = owner // The request's host may be another one than the handshake's.
	}
	e.Request.Client, e.Request.Secure = found.Client.String(), found.Secure
	switch decided {
	case reason.ACMEChallenge:
		detail = "the proof that a certificate authority asked for"
	case reason.RedirectToHTTPS:
		e.Candidates = at.candidates(t.Routed(), host, path, at.router().Find(t.Routed(), host, path, canonical.AsItIs))
	default:
		if path != nil { // or the request is not for a path
			e.Candidates = at.candidates(t.Routed(), host, path, route)
		}
	}
	if decided == reason.RouteNotFound {
		e.Hints = append(at.hints(host, e.Candidates), at.others(host, path)...)
	}
	if route != nil && decided != reason.AmbiguousPath {
		rule := at.ruleOf(host, route)
		e.Access = explainAccess(rule, found.Client)
		take(e, t.Notes())
		e.Backends, e.Mirrors, e.Retries = backendsOf(at.Generation, rule), mirrorsOf(at.Generation, rule), retriesOf(rule)
		e.ErrorPages, e.Fallback = errorPagesOf(at.Generation, rule), fallbackOf(at.Generation, rule)
		e.Session = explainSession(rule, t)
		e.Pool = explainPool(at.Generation, t, host)
	}
	if decided != reason.None {
		answerOwn(e, decided, detail)
		e.Answer.Status, e.Answer.Location = t.Status(decided), string(t.Location(decided))
		e.Answer.Page = t.Page(e.Answer.Status, decided)
		return
	}
	e.Upstream = explainUpstream(t.Forwarded())
	why, fallsBack := t.Foresee()
	if e.Fallback != nil {
		e.Fallback.Takes = fallsBack && why == reason.None
	}
	switch {
	case why != reason.None:
		answerOwn(e, why, "")
		e.Answer.Page = t.Page(e.Answer.Status, why)
	case fallsBack:
		e.Answer.Text = "that of the fallback, " + e.Fallback.Service
	default:
		e.Answer.Text = "the service's"
	}
}

// answerOwn notes an answer of our own.
func answerOwn(e *explanation.Explanation, why reason.Reason, detail string) {
	e.Answer.Status, e.Answer.Reason, e.Answer.Text = why.Status(), why.String(), cmp.Or(detail, why.Text())
}

// explainCertificate describes the certificate that a handshake for a host gets. It returns nil if there is none.
// server is the name that the handshake sends, and proven what its client has to prove, and is taken to.
func explainCertificate(at *site, host string) (c *explanation.Certificate, server, proven string) {
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		host = "" // clients name no addresses (RFC 6066, section 3)
	}
	i, others, ok := at.Identity.Common(host)
	if at.listener != nil {
		i, others, ok, proven = at.Identity.CommonAt(at.listener.Address, host)
	}
	if !ok {
		return nil, host, proven
	}
	served := &at.Snapshot.Certificates[i]
	_, notAfter := at.Identity.Validity(i)
	return &explanation.Certificate{ID: served.ID, Hosts: served.Hosts, NotAfter: notAfter, Default: others}, host, proven
}

// explainAccess says whether the rule's access control admits the client, and which prefix decides. It does so even if
// another phase ended the request before access control. It returns nil if the rule lists no prefixes.
func explainAccess(rule *snapshot.Route, client netip.Addr) *explanation.Access {
	access := accessOf(rule)
	if access == nil || len(access.Allowed) == 0 && len(access.Denied) == 0 {
		return nil
	}
	admitted, prefix, why := access.Explain(client)
	return &explanation.Access{Admitted: admitted, Prefix: prefix, Why: why}
}

// take puts the notes of policies into the explanation: those about rate limits into RateLimit, the others into
// Policies.
func take(e *explanation.Explanation, notes []step.Note) {
	for _, n := range notes {
		if l := n.Limit; l != nil {
			e.RateLimit = &explanation.Limit{
				PerSecond: l.Rate.PerSecond, Burst: l.Rate.Burst, Replicas: l.Replicas, Left: l.Left, Allowed: n.Passed,
				RetryAfter: l.Wait.Seconds(),
			}
			continue
		}
		e.Policies = append(e.Policies, explanation.Policy{Name: n.Policy, Passed: n.Passed, Text: n.Text})
	}
}

// ruleOf returns the route of the snapshot that a route was compiled from, or nil.
func (s *site) ruleOf(host []byte, route *routing.Route) *snapshot.Route {
	for _, r := range s.rulesFor(host) {
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
func explainUpstream(req *message.Request) *explanation.Upstream {
	u := &explanation.Upstream{Method: string(req.ToSend()), Path: string(req.Path), Target: string(req.Path) + string(req.Query)}
	lines := bytes.Split(heads.AppendRequest(nil, req), []byte("\r\n"))
	for _, line := range lines[1:] {
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok {
			u.Headers = append(u.Headers, explanation.Header{Name: string(name), Value: string(value)})
		}
	}
	return u
}

// retriesOf describes the retries of a route that says more of them than how often. It returns nil for others.
func retriesOf(r *snapshot.Route) *explanation.Retries {
	if r == nil || r.Retry == nil {
		return nil
	}
	return &explanation.Retries{Attempts: r.Retries, Codes: r.Retry.Codes, Backoff: r.Retry.Backoff.Seconds()}
}

// explainSession says what becomes of the session that the request names. It returns nil if the rule keeps none.
func explainSession(r *snapshot.Route, t *decide.Trial) *explanation.Session {
	if r == nil || r.Persistence == nil {
		return nil
	}
	p := r.Persistence
	s := &explanation.Session{Type: p.Type.String(), Name: p.Name, Absolute: p.Absolute.Seconds()}
	switch state, at := t.Session(); state {
	case session.Stays:
		s.Stays = true
		if at != nil { // or it went just now
			s.Task = t.Found().Backend.Pool.IDOf(at)
		}
	case session.Ended:
		s.Why = "that of the request is over"
	case session.Moves:
		s.Why = "the endpoint of the request's takes no requests, or is not one of the rule's"
	case session.Unknown:
		s.Why = "the request has something else in its place"
	default:
		s.Why = "the request names none"
	}
	return s
}

// explainPool describes the pool that an endpoint is chosen from. It returns nil if there is none.
func explainPool(g *routing.Generation, t *decide.Trial, host []byte) *explanation.Pool {
	p := t.Found().Backend.Pool
	if p == nil {
		return nil
	}
	pool := describePool(g, p, t.Found().Route.Balancing.Policy.String(), host)
	return &pool
}

// describePool describes a pool with its endpoints. policy says how one is chosen.
func describePool(g *routing.Generation, p *balance.Pool, policy string, host []byte) explanation.Pool {
	return explanation.Pool{
		ID: p.ID, Service: p.Service, Protocol: p.Protocol(), TLS: proofOf(p, host), Policy: policy, Tasks: explainTasks(p),
		Why: whyUnserved(g, p.ID),
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
func explainTasks(p *balance.Pool) []explanation.Task {
	tasks := make([]explanation.Task, 0, p.Len())
	for _, m := range p.Describe() {
		task := explanation.Task{
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
