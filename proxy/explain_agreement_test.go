// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/reason"
	scripts "github.com/warren-dev/ingress/proxy/script"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/snapshot/snapshottest"
)

var explainPairs = flag.Int("explain-pairs", 10_000, "how many pairs of a configuration and a request are explained and sent")

// pairsApiece is how many requests there are for one configuration.
const pairsApiece = 10

// ended says how a request ended. Explain and the proxy have to agree on it.
type ended struct {
	Status       int
	Reason       string
	Ingress      string
	Rule         string
	UpstreamPath string
	// Page is the service that has the error page.
	Page string
}

// generator makes configurations and requests that often meet.
type generator struct {
	*rand.Rand
	tb          testing.TB
	echo, other netip.AddrPort
	// listeners are the addresses that snapshots may have listeners at.
	listeners []netip.AddrPort
	serial    int
}

func pickFrom[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

// path returns a canonical path, which a route may have.
func (g *generator) path() string {
	var b strings.Builder
	for range g.IntN(4) {
		b.WriteString("/" + pickFrom(g, "a", "b", "api", "v1", "x-y", ".well-known", "a%2Fb", "%3F", "b;c"))
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

// spelled spells a path as clients do, and as those do who want to get round a rule.
func (g *generator) spelled(path string) string {
	for range g.IntN(3) {
		switch at := 1 + g.IntN(len(path)); g.IntN(9) {
		case 0:
			path = path[:at] + "/" + path[at:]
		case 1:
			path = path[:at] + "/." + path[at:]
		case 2:
			path += "/.."
		case 3:
			path = path[:at] + pickFrom(g, "%2e", "%2F", "%5c", "%61", "%", "\\", ";x", "%00", "#") + path[at:]
		case 4:
			path = strings.Replace(path, "a", "%61", 1)
		case 5:
			path += "/" + pickFrom(g, "below", "", "..%2f", "%2e%2e")
		case 6:
			path = "/x/.." + path
		case 7:
			path = strings.ToUpper(path)
		default:
			path += "more"
		}
	}
	if g.IntN(5) == 0 {
		path += "?q=" + g.path()
	}
	return path
}

// randomPolicies makes a route's policy by its name. It returns nil if the route has none. A policy without an entry
// has all of its fields set, on one route in four.
var randomPolicies = map[string]func(*generator) policy.Policy{
	"access-control": func(g *generator) policy.Policy {
		p := policy.Access{Any: g.IntN(4) == 0}
		if g.IntN(3) == 0 {
			p.Denied = prefixes(pickFrom(g, "203.0.113.0/24", "2001:db8::/32", "203.0.113.7/32"))
		}
		if g.IntN(4) == 0 {
			p.Allowed = prefixes(pickFrom(g, "203.0.113.0/25", "127.0.0.0/8", "2001:db8::/64"))
		}
		return &p
	},
	"rate-limit": func(g *generator) policy.Policy {
		if g.IntN(2) > 0 {
			return nil
		}
		return &policy.RateLimit{PerSecond: 1e-9, Burst: 1 + g.IntN(3)}
	},
	"script": func(g *generator) policy.Policy {
		if g.IntN(4) > 0 {
			return nil
		}
		p := &policy.Script{Fields: scripts.Level{Proxy: []scripts.Field{{Name: "X-Path", Value: "$uri"}}}}
		for range 1 + g.IntN(3) {
			step := scripts.Step{Text: "step"}
			switch g.IntN(6) {
			case 0:
				step.Op, step.Variable, step.Value = scripts.Set, "a", pickFrom(g, "$uri", "${a}x", "$arg_q")
			case 1:
				step.Op, step.Variable, step.Expression, step.Steps = scripts.IfMatch, "uri", pickFrom(g, "^/a", "b$"), 1
			case 2:
				step.Op, step.Status, step.Value = scripts.Return, pickFrom(g, 301, 403), pickFrom(g, "/x$uri", "")
			default:
				step.Op = pickFrom(g, scripts.Rewrite, scripts.RewriteLast, scripts.RewriteBreak)
				step.Expression, step.Value = pickFrom(g, "^/a/(.*)$", "^", "/b"), pickFrom(g, "/$1", "/b/x", "/../x", "/api$uri")
			}
			p.Location = append(p.Location, step)
		}
		if g.IntN(3) == 0 {
			p.Server, p.Location = p.Location, nil
		}
		return p
	},
	"external-auth": func(g *generator) policy.Policy {
		switch g.IntN(8) {
		case 0:
			return &auth.External{Missing: "it is gone"}
		case 1:
			return &auth.External{Pool: "pages", Path: "/check"} // says yes
		}
		return nil
	},
	"connection-limit": func(g *generator) policy.Policy {
		if g.IntN(4) > 0 {
			return nil
		}
		// One request at a time would do, but each ends a moment after its response.
		return &policy.ConnectionLimit{Connections: pickFrom(g, 0, 1000, 1000, 1000), Exempt: prefixes(pickFrom(g, "203.0.113.0/25", "198.51.100.0/24"))}
	},
	"client-certificate": func(g *generator) policy.Policy { // The requests come without TLS.
		if g.IntN(4) > 0 {
			return nil
		}
		return &auth.ClientCertificate{Terms: &clientcert.Terms{Authorities: newAuthority(g.tb, "a").pem}, Optional: g.IntN(4) > 0, Missing: pickFrom(g, "", "", "", "it is not there")}
	},
	"jwt": func(g *generator) policy.Policy {
		if g.IntN(6) > 0 {
			return nil
		}
		p := *agreedIssuer(g.tb).takes("")
		p.Missing, p.Audiences = pickFrom(g, "", "", "it is not there"), pickFrom(g, []string{"shop"}, []string{"shop"}, []string{"till"})
		return &p
	},
	"basic-auth": func(g *generator) policy.Policy {
		if g.IntN(4) > 0 {
			return nil
		}
		// Passwords by bcrypt and apr1 have to be checked, which explain does not.
		return &auth.Basic{Users: pickFrom(g, "carol:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "dave:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "x"), Missing: pickFrom(g, "", "", "it is not there")}
	},
	"headers": func(g *generator) policy.Policy {
		if g.IntN(4) > 0 {
			return nil
		}
		return &policy.Headers{Request: policy.HeaderChanges{Set: []policy.Header{{Name: "X-Set", Value: "1"}}, Remove: []string{"X-Gone"}}}
	},
	"rewrite": func(g *generator) policy.Policy {
		switch g.IntN(6) {
		case 0:
			return &policy.Rewrite{StripPrefix: pickFrom(g, "/a", "/api", "/a/b", "/")}
		case 1:
			return &policy.Rewrite{Path: policy.PathChange{Replace: g.path()}}
		case 2:
			return &policy.Rewrite{Path: policy.PathChange{Prefix: pickFrom(g, "/a", "/api", "/"), Replacement: pickFrom(g, "", "/x", "/x/")}, Host: "y"}
		case 3:
			expression, substitution := pickFrom(g, "^/(a|b)/(.*)$", "b", "/v1$"), pickFrom(g, "/$2", "//$1/..", "", "%2E")
			return &policy.Rewrite{Path: policy.PathChange{Expression: expression, Substitution: substitution}}
		}
		return nil
	},
	"https-redirect": func(g *generator) policy.Policy {
		if g.IntN(6) > 0 {
			return nil
		}
		return &policy.HTTPSRedirect{Status: pickFrom(g, 301, 302, 303, 307, 308), NoSlash: g.IntN(2) == 0}
	},
	"redirect": func(g *generator) policy.Policy {
		if g.IntN(6) > 0 {
			return nil
		}
		r := &policy.Redirect{Status: pickFrom(g, 301, 302, 303, 307, 308), Scheme: pickFrom(g, "", "https"), Host: pickFrom(g, "", "x"),
			NoQuery: g.IntN(3) == 0, NoSlash: g.IntN(3) == 0, Location: pickFrom(g, "", "", "https://y/z?")}
		if g.IntN(2) == 0 {
			r.Path = policy.PathChange{Expression: "^/a", Substitution: pickFrom(g, "/../b", "/b")}
		}
		return r
	},
	"fixed-response": func(g *generator) policy.Policy {
		if g.IntN(6) > 0 {
			return nil
		}
		return &policy.FixedResponse{Status: pickFrom(g, 200, 204, 304, 404, 503), ContentType: pickFrom(g, "", "text/html"), Body: pickFrom(g, "", "hi")}
	},
}

// policy makes a policy for a route. It returns nil if the route has none of the kind.
func (g *generator) policy(like policy.Policy) policy.Policy {
	if random := randomPolicies[like.Name()]; random != nil {
		return random(g)
	}
	if g.IntN(4) > 0 {
		return nil
	}
	return snapshottest.FilledPolicy(g.tb, like).Interface().(policy.Policy)
}

// If no route of the generator has a policy, explain could say anything of it.
func TestEveryPolicyStandsInTheAgreement(t *testing.T) {
	t.Parallel()
	g := &generator{Rand: rand.New(rand.NewPCG(7, 7)), tb: t}
	for _, name := range []string{"script", "access-control", "rate-limit", "connection-limit", "client-certificate", "jwt", "basic-auth", "headers", "rewrite", "redirect", "fixed-response", "external-auth"} { // Their values decide.
		if randomPolicies[name] == nil {
			t.Errorf("randomPolicies has no %s", name)
		}
	}
	left := maps.Clone(randomPolicies)
	for _, like := range policy.Order {
		delete(left, like.Name())
		made := 0
		for range 200 {
			p := g.policy(like)
			if p == nil {
				continue
			}
			if made++; reflect.TypeOf(p) != reflect.TypeOf(like) {
				t.Fatalf("randomPolicies has a %T for %s", p, like.Name())
			}
		}
		if made < 10 {
			t.Errorf("%d of 200 routes have a %s: nothing is compared", made, like.Name())
		}
	}
	for name := range left {
		t.Errorf("randomPolicies has %s, which is no policy", name)
	}
}

// conditions make a route's conditions, or nil. Its requests have a good chance to meet them.
func (g *generator) conditions() *snapshot.Conditions {
	if g.IntN(3) > 0 {
		return nil
	}
	c := &snapshot.Conditions{Methods: pickFrom(g, nil, nil, []string{"GET"}, []string{"DELETE", "GET"})}
	condition := func(name string) snapshot.Condition {
		if g.IntN(2) == 0 {
			expression := pickFrom(g, "1|2", "[0-9, ]*", "a.*")
			return snapshot.Condition{Name: name, Value: expression, Match: snapshot.ValueRegularExpression}
		}
		return snapshot.Condition{Name: name, Value: pickFrom(g, "1", "2", "a b", "1, 2", "")}
	}
	for _, name := range []string{"x-a", "x-b", "x-gone"} {
		if g.IntN(5) == 0 {
			c.Headers = append(c.Headers, condition(name))
		}
	}
	if g.IntN(5) == 0 {
		c.Cookies = append(c.Cookies, condition("k"))
	}
	for _, name := range []string{"q", "v"} {
		if g.IntN(5) == 0 {
			c.Query = append(c.Query, condition(name))
		}
	}
	if len(c.Methods)+len(c.Headers)+len(c.Cookies)+len(c.Query) == 0 {
		return nil
	}
	return c
}

// fieldsAskedFor and queryAskedFor make what conditions may ask for.
func (g *generator) fieldsAskedFor() (fields []string) {
	for range g.IntN(4) {
		fields = append(fields, pickFrom(g, "X-A: ", "x-a: ", "X-B: ", "Cookie: k=", "cookie: a=b; K=")+pickFrom(g, "1", "2", "a b", "1, 2", ""))
	}
	switch g.IntN(4) {
	case 0:
		fields = append(fields, knows(pickFrom(g, "carol:secret", "carol:wrong")))
	case 1:
		fields = append(fields, brings(agreedIssuer(g.tb).token(nil)))
	}
	return fields
}

// agreedIssuer has the tokens of the requests that are explained.
var agreedIssuer = func() func(testing.TB) *tokens {
	var once sync.Once
	var issuer *tokens
	return func(tb testing.TB) *tokens {
		once.Do(func() { issuer = newTokens(tb, "k") })
		return issuer
	}
}()

func (g *generator) queryAskedFor() string {
	query := "?"
	for range g.IntN(4) {
		query += pickFrom(g, "q", "v", "%71", "w") + "=" + pickFrom(g, "1", "%32", "a+b", "1,%202", "") + "&"
	}
	return query
}

// openEnds are the ends of open expressions.
var openEnds = []string{"", "(/|$)(.*)", "[a-z]", "$", "/?"}

func (g *generator) route(pools []string) snapshot.Route {
	g.serial++
	r := prefix(g.path(), pickFrom(g, pools...))
	switch g.IntN(6) {
	case 0, 1:
		r.Match = snapshot.MatchExact
	case 2:
		r.Match, r.Path = snapshot.MatchOpenExpression, r.Path+pickFrom(g, openEnds...)
	}
	r.Rule = snapshot.RuleID{Ingress: fmt.Sprintf("default/ingress-%d", g.serial), Rule: g.IntN(3), Path: g.IntN(3)}
	if g.IntN(8) == 0 {
		r.Closed = "UnreadablePath"
		if r.Match != snapshot.MatchOpenExpression && g.IntN(2) == 0 {
			r.Match = snapshot.MatchText
		}
	}
	for _, like := range policy.Order {
		if p := g.policy(like); p != nil {
			r.Policies = append(r.Policies, p)
		}
	}
	r.Conditions = g.conditions()
	r.Balancing.Policy = snapshot.BalancingPolicy(g.IntN(int(snapshot.BalancingPolicies)))
	switch {
	case policy.Answers(r.Policies):
		r.Pool = ""
	case g.IntN(4) == 0:
		g.share(&r, pools)
	}
	g.forwarding(&r, pools)
	return r
}

// forwarding gives a route some of what says how its requests are sent on. None of that decides how a request ends.
func (g *generator) forwarding(r *snapshot.Route, pools []string) {
	if g.IntN(4) == 0 {
		r.Mirrors = []snapshot.Mirror{{Pool: pickFrom(g, pools...), Numerator: 1, Denominator: 1 + g.IntN(2)}}
	}
	if g.IntN(3) == 0 {
		r.ErrorPages = []snapshot.ErrorPage{{Pool: "pages", Statuses: pickFrom(g, []int{503}, []int{403, 429}, []int{400, 404, 508}), Path: "/{status}"}}
	}
	if g.IntN(4) == 0 {
		r.Persistence = &snapshot.Persistence{Name: "s"}
	}
	if g.IntN(4) == 0 {
		r.Retry = &snapshot.Retry{Codes: []int{404, 503}}
	}
}

// share gives a route several backends. Which of them gets a request is known beforehand: only one has a weight, or the
// client's address decides.
func (g *generator) share(r *snapshot.Route, pools []string) {
	r.Pool = ""
	for range 1 + g.IntN(3) {
		b := snapshot.Backend{Pool: pickFrom(g, append(slices.Clip(pools), "")...), Weight: 1 + g.IntN(3)}
		if g.IntN(2) == 0 {
			b.Policies = []policy.Policy{&policy.Rewrite{Path: policy.PathChange{Replace: g.path()}}}
		}
		r.Backends = append(r.Backends, b)
	}
	if r.Balancing.Policy != snapshot.Hash {
		for i := range r.Backends[1:] {
			r.Backends[i].Weight = 0
		}
	}
}

func (g *generator) pool(id string) snapshot.Pool {
	p := poolOf(id, g.echo, g.other)
	for i := range p.Endpoints {
		switch e := &p.Endpoints[i]; g.IntN(6) {
		case 0:
			e.Draining = true
		case 1:
			e.Unhealthy = true
		case 2:
			e.Weight = 0
		}
	}
	return p
}

func (g *generator) snapshot() *snapshot.Snapshot {
	var pools []snapshot.Pool
	var ids []string
	for _, id := range []string{"p0", "p1", "p2"} {
		pools, ids = append(pools, g.pool(id)), append(ids, id)
	}
	s := snapshotOf(g.hosts(ids, nil), append(pools, poolOf("pages", g.echo))...)
	for _, at := range g.listeners {
		if g.IntN(3) > 0 {
			s.Listeners = append(s.Listeners, listenerOf(at, g.hosts(ids, &at)...))
		}
	}
	if g.IntN(3) == 0 {
		s.Challenges = []snapshot.Challenge{{Host: "a.example.com", Token: "token", KeyAuthorization: "token.proof"}}
	}
	return s
}

// hosts makes hosts with their routes: those of a listener, or those of none.
func (g *generator) hosts(ids []string, at *netip.AddrPort) (hosts []snapshot.Host) {
	names, owners := []string{"", "*.example.com", "a.example.com", "b.example.com"}, []string{"default", "default", "other", ""}
	if at != nil { // Its wildcards stand for one or more labels, and its owners are the listeners of Gateways.
		names, owners = append(names, "*.com", "*.a.example.com", "x.a.example.com"), []string{"default/web/http", "default/web/http", "other/web/http"}
	}
	for _, name := range names {
		if g.IntN(4) == 0 {
			continue
		}
		h := snapshot.Host{Name: name, Owner: pickFrom(g, owners...), RedirectHTTPS: at == nil && g.IntN(6) == 0, Alone: g.IntN(4) == 0}
		for range g.IntN(6) {
			r := g.route(ids)
			if at != nil { // several matches of one rule of a route
				r.Rule.Ingress, r.Rule.Where = "httproute/"+r.Rule.Ingress, fmt.Sprintf("spec.rules[%d].matches[%d]", r.Rule.Rule, r.Rule.Path)
			}
			if len(h.Routes) > 0 && g.IntN(3) == 0 { // one place, and other conditions
				beside := pickFrom(g, h.Routes...)
				r.Path, r.Match = beside.Path, beside.Match
			}
			if r.Match == snapshot.MatchText {
				r.Conditions = nil
				r.Closed = "UnreadablePath"
			}
			if !slices.ContainsFunc(h.Routes, func(o snapshot.Route) bool {
				return o.Path == r.Path && o.Match == r.Match && o.Conditions.Equal(r.Conditions)
			}) {
				h.Routes = append(h.Routes, r)
			}
		}
		takeTurns(h.Routes)
		hosts = append(hosts, h)
	}
	return hosts
}

// takeTurns numbers the routes that have an open expression: longer ones first, and those of a place as they stand in
// it.
func takeTurns(routes []snapshot.Route) {
	var open []*snapshot.Route
	for i := range routes {
		if routes[i].Match == snapshot.MatchOpenExpression {
			open = append(open, &routes[i])
		}
	}
	slices.SortStableFunc(open, func(a, b *snapshot.Route) int {
		if len(a.Path) != len(b.Path) {
			return len(b.Path) - len(a.Path)
		}
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return a.Conditions.Precedence(b.Conditions)
	})
	for turn, r := range open {
		r.Turn = turn
	}
}

// generatedRequest is a request of a generator, as a question and as bytes.
type generatedRequest struct {
	id string
	// at is the listener that it goes to. It is the zero value for none.
	at       netip.AddrPort
	question explain.Question
	raw      string
}

func (g *generator) request(s *snapshot.Snapshot) generatedRequest {
	g.serial++
	r := generatedRequest{id: fmt.Sprintf("request-%d", g.serial)}
	host := pickFrom(g, "a.example.com", "A.Example.com.", "b.example.com:8000", "c.example.com", "x.a.example.com", "example.com", "elsewhere", "[::1]:80")
	hosts := s.Hosts
	if len(s.Listeners) > 0 && g.IntN(2) == 0 {
		l := pickFrom(g, s.Listeners...)
		r.at, hosts = l.Address, l.Hosts
		host = fmt.Sprintf("%s:%d", pickFrom(g, "a.example.com", "A.Example.com.", "b.example.com", "y.x.a.example.com", "example.com", "elsewhere", "[::1]"), l.Address.Port())
	}
	path := g.path()
	if len(hosts) > 0 && g.IntN(3) > 0 { // one of a route's, so that rules are met
		if h := pickFrom(g, hosts...); len(h.Routes) > 0 {
			path = pickFrom(g, h.Routes...).Path
			for _, end := range openEnds {
				path = strings.TrimSuffix(path, end)
			}
		}
	}
	target := g.spelled(path)
	if !strings.ContainsAny(target, "?#") && g.IntN(2) == 0 {
		target += g.queryAskedFor()
	}
	if g.IntN(12) == 0 {
		target = "/.well-known/acme-challenge/" + pickFrom(g, "token", "other")
	}
	fields := []string{
		"X-Forwarded-For: " + pickFrom(g, "203.0.113.7", "203.0.113.200", "198.51.100.1", "2001:db8::1", "2001:db8:1::1", "nonsense", "203.0.113.7, 127.0.0.1"),
		"X-Request-Id: " + r.id,
	}
	fields = append(fields, g.fieldsAskedFor()...)
	if g.IntN(3) == 0 {
		fields = append(fields, "X-Forwarded-Proto: "+pickFrom(g, "https", "http", "HTTPS"))
	}
	if g.IntN(20) == 0 {
		fields = append(fields, pickFrom(g, "Bad Name: x", "X-Gone: y", "Upgrade: h2c", "Transfer-Encoding: gzip", "Host: another.example.com"))
	}
	method := pickFrom(g, "GET", "GET", "HEAD", "DELETE", "PRI")
	if g.IntN(50) == 0 {
		method = "CONNECT"
	}
	// A client does not send a fragment. A Host among the headers is the request's.
	sent := target
	if i := strings.IndexByte(sent, '#'); i >= 0 {
		sent = sent[:i]
	}
	authority := host
	var lines strings.Builder
	for _, f := range fields {
		if name, value, _ := strings.Cut(f, ": "); name == "Host" {
			authority = value
			continue
		}
		lines.WriteString(f + "\r\n")
	}
	r.question = explain.Question{URL: "http://" + host + target, Method: method, Peer: netip.AddrFrom4([4]byte{127, 0, 0, 1}), Headers: fields}
	if r.at.IsValid() {
		r.question.Listener = r.at.Addr().String()
	}
	r.raw = fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", method, sent, authority, lines.String())
	return r
}

// explained returns what explain foresees.
func explained(e *explanation.Explanation) ended {
	end := ended{Status: e.Answer.Status, Reason: e.Answer.Reason, Page: e.Answer.Page}
	if end.Status == 0 {
		end.Status, end.UpstreamPath = 200, e.Upstream.Path
	}
	if i := slices.IndexFunc(e.Candidates, func(c explanation.Candidate) bool { return c.Wins }); i >= 0 && e.Answer.Reason != reason.RedirectToHTTPS.String() {
		end.Ingress, end.Rule = e.Candidates[i].Ingress, e.Candidates[i].Rule
	}
	return end
}

// Explain says what becomes of a request: status, reason, rule, the path at the endpoint and who has the error page.
func TestExplainAgreesWithWhatBecomesOfRequests(t *testing.T) {
	t.Parallel()
	g := &generator{Rand: rand.New(rand.NewPCG(7, 7)), echo: startEcho(t, "b"), other: startEcho(t, "c"), tb: t,
		listeners: []netip.AddrPort{ownAddress(), ownAddress()}}
	written := &pages{}
	p := serve(t, logTo(written, observe.LogJSON), trust("127.0.0.1/32"))
	outcomes := map[string]int{}
	foreseen, met := map[string]ended{}, map[string]ended{}
	requests := map[string]generatedRequest{}
	clients := map[netip.AddrPort]*wire{} // by the listeners that they came to
	atListeners := 0
	for n := 0; n < *explainPairs; n++ {
		if n%pairsApiece == 0 {
			p.apply(g.snapshot())
			for _, at := range g.listeners { // What comes to a listener that goes is closed.
				if client := clients[at]; client != nil {
					_ = client.Close()
					delete(clients, at)
				}
			}
		}
		r := g.request(p.engine.Generation.Load().Snapshot)
		e, err := p.Explainer().Explain(&r.question)
		if err != nil {
			t.Fatalf("explaining %+v: %v", r.question, err)
		}
		foreseen[r.id], requests[r.id] = explained(e), r
		outcomes[e.Answer.Reason]++

		client := clients[r.at]
		switch {
		case r.at.IsValid() && client == nil:
			client = dial(t, r.at.String())
		case client == nil:
			client = p.dial()
		}
		clients[r.at] = client
		if r.at.IsValid() && e.Candidates != nil {
			atListeners++
		}
		client.send(r.raw)
		got := client.reply(r.question.Method)
		if got.Close {
			_ = client.Close()
			delete(clients, r.at)
		}
		end := ended{Status: got.Status, Reason: got.reason()}
		if end.Reason == "" {
			end.UpstreamPath = foreseen[r.id].UpstreamPath // what a HEAD does not bring back
			if r.question.Method != "HEAD" {
				_, target, _ := strings.Cut(got.outcome(t), " ")
				end.UpstreamPath, _, _ = strings.Cut(target, "?")
			}
		}
		met[r.id] = end
	}
	for _, line := range written.lines(t, *explainPairs) {
		var l struct{ RequestID, Ingress, Rule, ErrorPage string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if end, ok := met[l.RequestID]; ok {
			end.Ingress, end.Rule, end.Page = l.Ingress, l.Rule, l.ErrorPage
			met[l.RequestID] = end
		}
	}
	different := 0
	for id, want := range met {
		if diff := cmp.Diff(want, foreseen[id]); diff != "" {
			if different++; different <= 5 {
				t.Errorf("%q (-met +explained):\n%s", requests[id].raw, diff)
			}
		}
	}
	if atListeners < *explainPairs/10 {
		t.Errorf("%d of the requests met a rule of a listener: the generator has to meet them more often", atListeners)
	}
	t.Logf("%d pairs, by reason: %v; %d differ", *explainPairs, outcomes, different)
	for _, r := range []reason.Reason{reason.None, reason.MalformedRequest, reason.MalformedPath, reason.AmbiguousPath, reason.MethodNotSupported, reason.ACMEChallenge, reason.RedirectToHTTPS, reason.RouteNotFound, reason.AccessDenied, reason.RateLimited, reason.ConnectionsLimited, reason.Redirected, reason.FixedResponse, reason.InvalidBackend, reason.NoHealthyTask} {
		if outcomes[r.String()] < *explainPairs/1000 {
			t.Errorf("%d of the requests end with %q: the generator has to meet it more often", outcomes[r.String()], r)
		}
	}
}
