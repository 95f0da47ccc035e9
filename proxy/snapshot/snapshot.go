// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/warren-dev/ingress/proxy/policy"
)

// Snapshot is all that the data plane needs to know, as plain values: what to serve, not how it is
// going. It is immutable once it was handed to the proxy. Two snapshots that mean the same are
// [Snapshot.Equal], because every list in them is in the order that its comment says.
type Snapshot struct {
	// Hosts are sorted by Name; a name occurs once.
	Hosts []Host
	// Pools are sorted by ID; an id occurs once.
	Pools []Pool
	// Checks are sorted by ID; an id occurs once.
	Checks []Check
	// Certificates are in the order of preference: of several for one name, the first that a client can use is served. An
	// id occurs once.
	Certificates []Certificate
	// Challenges are sorted by Host, Type and Token; three of these occur once.
	Challenges []Challenge
	// Unserved are in the order of [Unserved.Compare]. No request gets to them; they are there to explain why.
	Unserved []Unserved
}

// Host is one name that is served and the routes below it.
type Host struct {
	// Name is lower-case ASCII: an exact name such as "api.example.com", a wildcard such as
	// "*.example.com" that stands for exactly one label, or "" for every host.
	Name string
	// Owner is whose the host is. What no route of the most specific host matches goes to the less specific ones of the
	// same owner and to no other's; a host without routes keeps its requests from others so.
	Owner string
	// Routes are sorted by Path, then by Match. Those that have both in common share a place. Of them, a request takes the
	// first whose Conditions it meets, so they are in the order of preference: by [Conditions.Precedence], and where that
	// decides nothing, as their maker prefers. Path, Match and Conditions together occur once. So of the routes of a place
	// at most one has no Conditions, and it is the last.
	Routes []Route
	// RedirectHTTPS answers plain requests for the host with 308 and the same URL under https.
	RedirectHTTPS bool
}

// PathMatch says how a route's path is compared with a request's.
type PathMatch uint8

const (
	// MatchPrefix compares whole segments: /api matches /api, /api/ and /api/v1, not /apiv1.
	MatchPrefix PathMatch = iota
	// MatchExact compares the whole path.
	MatchExact
	// MatchText takes all that begins with the path as text, in any case: /adm takes /admin and /ADM/x too. It goes
	// before every other match of its host, and is only for routes that are closed, whose path could not be read any
	// further.
	MatchText
)

// MaxClosedText is how long the path of a [MatchText] may be, in bytes: what is longer is closed from a shorter one
// on.
const MaxClosedText = 255

func (m PathMatch) String() string {
	switch m {
	case MatchExact:
		return "Exact"
	case MatchText:
		return "Text"
	}
	return "Prefix"
}

// RuleID names the place that a route came from, for logs.
type RuleID struct {
	// Ingress is "namespace/name", with more before it where that alone does not tell one object from all others.
	Ingress string
	// Rule and Path are the indexes of the rule and of the path within it, from 0. Rule is -1 for what serves requests
	// that no rule matches, and Path -1 for what closes the whole host of a rule.
	Rule, Path int
}

// Exact says whether the host is a single name.
func (h *Host) Exact() bool { return h.Name != "" && !strings.HasPrefix(h.Name, "*") }

// Route sends the requests that match its path and meet its conditions to a pool.
type Route struct {
	Rule RuleID
	// Path begins with a slash and is canonical. A Prefix other than "/" has no trailing slash. A Text has at most
	// [MaxClosedText] bytes.
	Path  string
	Match PathMatch
	// Conditions are what else a request has to have. Nil for nothing. A Text has none.
	Conditions *Conditions
	// Closed is why every request is answered with 503 before any policy is asked, as one word for metrics. It is empty
	// for a route that is served.
	Closed string
	// Pool is the id of the pool that serves the route.
	Pool string
	// Policies are what the route does with requests and responses beyond sending them on. They are in [policy.Order], and
	// none occurs twice.
	Policies []policy.Policy
	// Balancing says which of the pool's endpoints a request goes to.
	Balancing Balancing
	Timeouts  Timeouts
	// Retries is how many further endpoints may be tried after the first, where a retry is safe.
	Retries int
}

// Refuses says whether requests are answered with RuleClosed.
func (r *Route) Refuses() bool { return r.Closed != "" && r.Closed != Mistaken }

// Mistaken is the Closed of a route that has its place, and a mistake. Its pool has no endpoints, and its requests are
// answered with NoHealthyTask because of that.
const Mistaken = "InvalidRule"

// Timeouts bound a request's stay with its endpoint. Zero is no bound.
type Timeouts struct {
	// Request bounds the whole, from the request's head to the last byte of the response.
	Request time.Duration
	// Connect bounds the making of a connection, and the wait for a free one where their number is bounded.
	Connect time.Duration
	// Response bounds the time until the endpoint begins to answer a request that it was sent whole.
	Response time.Duration
	// Idle bounds the time in which no byte arrives from or is taken by the endpoint.
	Idle time.Duration
}

// Patience is how long an endpoint may be silent before it answers: the shorter of two timeouts, 0 for ever.
func (t *Timeouts) Patience() time.Duration {
	if t.Response > 0 && (t.Idle == 0 || t.Response < t.Idle) {
		return t.Response
	}
	return t.Idle
}

// Pool is the endpoints that serve one port of one service.
type Pool struct {
	// ID is stable across snapshots: "namespace/service:port". What the data plane remembers of
	// a pool, it remembers under this id.
	ID string
	// Service is "namespace/service". Pools of one namespace share what is known of their endpoints.
	Service string
	// TLS is what the endpoints are spoken to over, if anything. What they speak in it, HTTP/2 or HTTP/1.1, they choose.
	TLS UpstreamTLS
	// H2C has endpoints without TLS spoken to in HTTP/2, which they are known to speak.
	H2C bool
	// Endpoints are sorted by ID; an id occurs once.
	Endpoints []Endpoint
}

// Namespace is that of the pool's service.
func (p *Pool) Namespace() string {
	namespace, _, _ := strings.Cut(p.Service, "/")
	return namespace
}

// Endpoint is one address that answers for a service.
type Endpoint struct {
	// ID names the object that the endpoint came from: "task/namespace/name".
	ID      string
	Address netip.AddrPort
	// Weight is the endpoint's share of new requests among its pool's. Zero takes none.
	Weight int
	// Draining endpoints take no new request; the running ones finish.
	Draining bool
	// Unhealthy endpoints take no request.
	Unhealthy bool
	// Checked endpoints take requests as the Check of their ID finds.
	Checked bool
}

// Equal says whether two snapshots mean the same.
func (s *Snapshot) Equal(o *Snapshot) bool {
	return slices.EqualFunc(s.Hosts, o.Hosts, Host.Equal) && slices.EqualFunc(s.Pools, o.Pools, Pool.Equal) &&
		slices.EqualFunc(s.Checks, o.Checks, Check.Equal) &&
		slices.EqualFunc(s.Certificates, o.Certificates, Certificate.Equal) && slices.Equal(s.Challenges, o.Challenges) &&
		slices.EqualFunc(s.Unserved, o.Unserved, Unserved.Equal)
}

// Equal says whether two hosts have the same name, owner and routes.
func (h Host) Equal(o Host) bool {
	return h.Name == o.Name && h.Owner == o.Owner && h.RedirectHTTPS == o.RedirectHTTPS &&
		slices.EqualFunc(h.Routes, o.Routes, Route.Equal)
}

// Equal says whether two routes match, treat and forward requests alike.
func (r Route) Equal(o Route) bool {
	return r.Rule == o.Rule && r.Path == o.Path && r.Match == o.Match && r.Conditions.Equal(o.Conditions) &&
		r.Closed == o.Closed && r.Pool == o.Pool &&
		r.Balancing == o.Balancing && r.Timeouts == o.Timeouts && r.Retries == o.Retries &&
		slices.EqualFunc(r.Policies, o.Policies, policy.Policy.Equal)
}

// Equal says whether two pools have the same id and endpoints, and speak to them alike.
func (p Pool) Equal(o Pool) bool {
	return p.ID == o.ID && p.Service == o.Service && p.TLS == o.TLS && p.H2C == o.H2C && slices.Equal(p.Endpoints, o.Endpoints)
}
