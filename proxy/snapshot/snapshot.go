// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/policy"
)

// Snapshot is all that the data plane has to know, as plain values. It says what to serve, and nothing of how that
// goes. It is immutable once the proxy has it. Two snapshots that mean the same are [Snapshot.Equal], because every
// list in them has the order that its comment gives.
type Snapshot struct {
	// Hosts are what connections meet that come to no Listener. They are sorted by Name. Each name occurs once.
	Hosts []Host
	// Listeners are sorted by Address. Each address occurs once.
	Listeners []Listener
	// Pools are sorted by ID. Each id occurs once.
	Pools []Pool
	// Checks are sorted by ID. Each id occurs once.
	Checks []Check
	// Certificates are in the order of preference. If a name has several, the first that the client can use is served.
	// Each id occurs once.
	Certificates []Certificate
	// Challenges are sorted by Host, Type and Token. No two have all three in common.
	Challenges []Challenge
	// Unserved are in the order of [Unserved.Compare]. No request reaches them. They are only for explanations.
	Unserved []Unserved
}

// Host is a name that is served, with its routes.
type Host struct {
	// Name is in lower-case ASCII. It is an exact name such as "api.example.com", a wildcard such as "*.example.com", or
	// "" for every host. A wildcard stands for exactly one label.
	Name string
	// Owner owns the host. If no route of the most specific host takes a request, the less specific hosts of the same
	// owner get it, unless it is Alone. No other owner's host does. So a host without routes keeps its requests from
	// other owners.
	Owner string
	// Routes are sorted by Path, then by Match. Routes with the same Path and Match share a place. A request takes the
	// first route of a place whose Conditions it meets. So the routes of a place are in the order of preference: by
	// [Conditions.Precedence], and if that does not decide, as the maker of the snapshot prefers. No two routes have Path,
	// Match and Conditions in common. So at most one route of a place has no Conditions, and it is the last.
	Routes []Route
	// Alone is set if no less specific host gets what no route takes, not even one of the same owner.
	Alone bool
	// Opened is the ID of the object that made the paths of the host's routes open expressions, if one did, those of other
	// objects too. It is only for explanations.
	Opened string
	// RedirectHTTPS is set if plain requests for the host are answered with 308 and the same URL under https.
	RedirectHTTPS bool
	// Clients is what the certificates of clients have to be. Who connects for the host is asked for one, and a policy of
	// its routes judges what is shown. Nil has nobody asked. A host of a listener has none: see [ServedName].
	Clients *clientcert.Terms
}

// PathMatch says how a route's path is compared with a request's.
type PathMatch uint8

const (
	// MatchPrefix compares whole segments: /api matches /api, /api/ and /api/v1, but not /apiv1.
	MatchPrefix PathMatch = iota
	// MatchExact compares the whole path.
	MatchExact
	// MatchText matches all that begins with the path as text, in any case: /adm matches /admin and /ADM/x too. It goes
	// before every other match of its host. Only closed routes have it: either their path could not be read beyond the
	// text, or they close a whole host.
	MatchText
	// MatchExpression takes the path of the rule as a regular expression (RE2), which has to match the whole path. Case
	// matters. It goes after every other match of its host but [MatchOpenExpression].
	MatchExpression
	// MatchOpenExpression takes the path of the rule as a regular expression (RE2) that begins where the path does and is
	// open at its end: what follows does not matter. Neither does case. It goes after every other match of its host.
	MatchOpenExpression
)

// MaxExpressions is how many routes of a host may have a [MatchExpression]. A request looks at them one after the
// other.
const MaxExpressions = 100

// MaxOpenExpressions is how many paths of a host may be a [MatchOpenExpression] that is more than a text and what has
// to follow it: see [ThenMatch]. A request may look at all of them, one after the other.
const MaxOpenExpressions = 1000

// MaxClosedText is the greatest length of the path of a [MatchText], in bytes. A longer text is cut to it, which closes
// more paths.
const MaxClosedText = 255

func (m PathMatch) String() string {
	switch m {
	case MatchExact:
		return "Exact"
	case MatchText:
		return "Text"
	case MatchExpression:
		return "RegularExpression"
	case MatchOpenExpression:
		return "OpenExpression"
	}
	return "Prefix"
}

// RuleID names the rule and path that a route came from, for logs.
type RuleID struct {
	// Ingress is "namespace/name". It has a prefix, as in "networking.k8s.io/namespace/name", if that alone does not tell
	// one object from all others.
	Ingress string
	// Rule is the index of the rule. Path is the index of the path in the rule. Both count from 0. Rule is -1 for a route
	// that serves the requests that no rule matches. Path is -1 for a route that closes the whole host of a rule.
	Rule, Path int
	// Where names the place as the author of the object finds it, for instance "spec.rules[0].matches[1]". It is empty for
	// an Ingress, whose places Rule and Path name.
	Where string
}

// Place returns Where, or "rule.path" if that is empty.
func (r RuleID) Place() string {
	if r.Where != "" {
		return r.Where
	}
	return strconv.Itoa(r.Rule) + "." + strconv.Itoa(r.Path)
}

// Exact says whether the host is a single name.
func (h *Host) Exact() bool { return h.Name != "" && !strings.HasPrefix(h.Name, "*") }

// Route sends the requests that match its path and meet its conditions to a pool, or shares them among several.
type Route struct {
	Rule RuleID
	// Path begins with a slash and is canonical. A Prefix other than "/" has no trailing slash. A Text has at most
	// [MaxClosedText] bytes. That of a MatchExpression or MatchOpenExpression is the expression.
	Path  string
	Match PathMatch
	// Turn orders the routes of a host that have an expression: a request takes the first that it matches and whose
	// Conditions it meets. They are numbered from 0, first those with a MatchExpression, and then those with a
	// MatchOpenExpression, all with the same Path one after the other. It is 0 for all other routes.
	Turn int
	// Conditions are what else a request has to have. Nil if nothing. A Text has none.
	Conditions *Conditions
	// Closed says, in one word for metrics, why every request is answered with 503. It is empty for a route that is
	// served. The answer is RuleClosed, before any policy is asked. For [Mistaken] it is NoHealthyTask.
	Closed string
	// ClosedWhy says the same in full, for the author of the rule. It is empty for a route that is served.
	ClosedWhy string
	// Pool is the id of the pool that serves the route. It is empty if Backends say more, and if one of Policies answers
	// every request: see [policy.Answers].
	Pool string
	// Backends share the requests by their weights. They are in the order of the rule. It is empty if one pool gets all
	// requests and nothing else is to be said of it.
	Backends []Backend
	// Policies are what the route does with requests and responses beyond sending them on. They are in [policy.Order].
	// None occurs twice.
	Policies []policy.Policy
	// Balancing says which of the pool's endpoints a request goes to.
	Balancing Balancing
	Timeouts  Timeouts
	// Retries is how many further endpoints may be tried after the first, if a retry is safe.
	Retries int
	// Retry says more of retries. Nil if there is no more to say.
	Retry *Retry
	// Mirrors get copies of requests. They are in the order of the rule.
	Mirrors []Mirror
	// ErrorPages have pages for responses with certain statuses. They are in the order of the rule.
	ErrorPages []ErrorPage
	// Fallback gets the requests that no endpoint takes. Nil for none.
	Fallback *Fallback
	// Persistence keeps sessions with their endpoints. Nil if none are kept.
	Persistence *Persistence
	// Canary is the ID of the object whose backends get some of the requests to the route that is without Conditions at
	// this place. The maker of the snapshot has divided that route: what policies remember of its clients, they remember
	// of all parts together. It is empty for nearly all routes, which are not divided.
	Canary string
	// Canonical has endpoints get the canonical path. Otherwise they get it as the client spelled it, if it has no dot
	// segments, no policy changed it, and the route is the same for both.
	Canonical bool
	// EndsConnections has each connection to an endpoint end with its exchange, if it is one of HTTP/1.1 that changes to
	// no other protocol.
	EndsConnections bool
}

// Backend is what takes a share of a route's requests.
type Backend struct {
	// Pool is the id of the pool that serves the backend. It is empty if the backend cannot be used. Then its share is
	// answered with InvalidBackend.
	Pool string
	// Weight is the backend's share of the requests, relative to the other weights. With 0 it takes none. If all are 0,
	// the requests are answered with NoHealthyTask.
	Weight int
	// Policies come after those of the route, for the requests of this backend and for its responses. They are in
	// [policy.Order]. None occurs twice.
	Policies []policy.Policy
}

// Pools has the ids of the pools that may answer requests of the route, in the order of the backends. Those of its
// mirrors, of its error pages and of its fallback are not among them.
func (r *Route) Pools() iter.Seq[string] {
	return func(yield func(string) bool) {
		if r.Pool != "" && !yield(r.Pool) {
			return
		}
		for i := range r.Backends {
			if id := r.Backends[i].Pool; id != "" && !yield(id) {
				return
			}
		}
	}
}

// Refuses says whether requests are answered with RuleClosed.
func (r *Route) Refuses() bool { return r.Closed != "" && r.Closed != Mistaken }

// Mistaken is the Closed of a route whose rule has a place, but also a mistake. Its pool has no endpoints. So its
// requests are answered with NoHealthyTask.
const Mistaken = "InvalidRule"

// Timeouts bound the time that a request spends with its endpoint. Zero is no bound.
type Timeouts struct {
	// Request bounds the whole exchange, from the request's head to the last byte of the response.
	Request time.Duration
	// Attempt bounds what Request bounds, but for one endpoint alone. If the route has a Retry, another one may be asked
	// after that.
	Attempt time.Duration
	// Connect bounds the making of a connection. If the number of connections is bounded, it also bounds the wait for a
	// free one.
	Connect time.Duration
	// Response bounds the time from the end of the request to the beginning of the endpoint's answer.
	Response time.Duration
	// Idle bounds the time in which no byte arrives from the endpoint, and the time in which the endpoint takes no byte. A
	// response that is a stream of messages may be silent for any time.
	Idle time.Duration
}

// Patience returns how long an endpoint may be silent before it answers: the shorter one of Response and Idle. 0 is for
// ever.
func (t *Timeouts) Patience() time.Duration {
	if t.Response > 0 && (t.Idle == 0 || t.Response < t.Idle) {
		return t.Response
	}
	return t.Idle
}

// Repeatable says whether another endpoint may be asked after one that was silent for Patience. Only Response says that
// an answer is late. What is silent for the idle time may still work on the request, and a second one would double
// that.
func (t *Timeouts) Repeatable() bool {
	return t.Response > 0 && t.Patience() == t.Response
}

// Pool has the endpoints that serve one port of one service, and how they are spoken to.
type Pool struct {
	// ID is "namespace/service:port". It ends in "/variant" if the endpoints are spoken to over TLS or in HTTP/2, or if
	// the rule is mistaken. It is the same in all snapshots. The data plane remembers a pool by its id.
	ID string
	// Service is "namespace/service". The pools of a namespace share what is known of endpoints that they have in common.
	Service string
	// TLS says how the endpoints are spoken to over TLS. The zero value is no TLS. Over TLS the endpoint chooses HTTP/2 or
	// HTTP/1.1.
	TLS UpstreamTLS
	// H2C is set if the endpoints are spoken to in HTTP/2 without TLS. They must be known to speak it.
	H2C bool
	// Endpoints are sorted by ID. Each id occurs once.
	Endpoints []Endpoint
	// Why says why no endpoint takes requests, for the author of a rule. It is empty if one does, and if the rule is
	// mistaken.
	Why string
}

// Namespace returns the namespace of the pool's service.
func (p *Pool) Namespace() string {
	namespace, _, _ := strings.Cut(p.Service, "/")
	return namespace
}

// Endpoint is one address that answers for a service.
type Endpoint struct {
	// ID names what the endpoint came from: "task/namespace/name", or "endpoint/namespace/service/address:port" if that is
	// a Service.
	ID      string
	Address netip.AddrPort
	// Weight is the endpoint's share of the pool's new requests, relative to the other weights. With 0 it takes none.
	Weight int
	// Draining endpoints take no new requests. Requests under way go on to their end.
	Draining bool
	// Unhealthy endpoints take no requests.
	Unhealthy bool
	// Checked is set if the Check of the same ID decides whether the endpoint takes requests.
	Checked bool
}

// Equal says whether two snapshots mean the same.
func (s *Snapshot) Equal(o *Snapshot) bool {
	return equalLists(s.Hosts, o.Hosts, (*Host).equal) && equalLists(s.Listeners, o.Listeners, (*Listener).equal) &&
		equalLists(s.Pools, o.Pools, (*Pool).equal) &&
		equalLists(s.Checks, o.Checks, (*Check).equal) &&
		equalLists(s.Certificates, o.Certificates, (*Certificate).equal) && equalValues(s.Challenges, o.Challenges) &&
		equalLists(s.Unserved, o.Unserved, (*Unserved).equal)
}

// Equal says whether two hosts have the same name and owner, and treat requests alike.
func (h Host) Equal(o Host) bool { return h.equal(&o) }

func (h *Host) equal(o *Host) bool {
	return h.Name == o.Name && h.Owner == o.Owner && h.Alone == o.Alone && h.Opened == o.Opened && h.RedirectHTTPS == o.RedirectHTTPS &&
		(h.Clients == o.Clients || h.Clients.Equal(o.Clients)) &&
		equalLists(h.Routes, o.Routes, (*Route).equal)
}

// Equal says whether two routes match, treat and forward requests alike.
func (r Route) Equal(o Route) bool { return r.equal(&o) }

func (r *Route) equal(o *Route) bool {
	return r.Rule == o.Rule && r.Path == o.Path && r.Match == o.Match && r.Turn == o.Turn && r.Conditions.Equal(o.Conditions) &&
		r.Closed == o.Closed && r.ClosedWhy == o.ClosedWhy && r.Pool == o.Pool && equalLists(r.Backends, o.Backends, (*Backend).equal) &&
		r.Balancing == o.Balancing && r.Timeouts == o.Timeouts && r.Retries == o.Retries && r.Canary == o.Canary && r.Canonical == o.Canonical && r.EndsConnections == o.EndsConnections &&
		r.Retry.Equal(o.Retry) && equalValues(r.Mirrors, o.Mirrors) && r.Persistence.Equal(o.Persistence) &&
		equalLists(r.ErrorPages, o.ErrorPages, (*ErrorPage).equal) && r.Fallback.Equal(o.Fallback) &&
		equalPolicies(r.Policies, o.Policies)
}

func equalPolicies(a, b []policy.Policy) bool {
	return sameMemory(a, b) || slices.EqualFunc(a, b, policy.Policy.Equal)
}

// Equal says whether two backends have the same pool, share and policies.
func (b Backend) Equal(o Backend) bool { return b.equal(&o) }

func (b *Backend) equal(o *Backend) bool {
	return b.Pool == o.Pool && b.Weight == o.Weight && equalPolicies(b.Policies, o.Policies)
}

// Equal says whether two pools have the same id and endpoints, and whether these are spoken to alike.
func (p Pool) Equal(o Pool) bool { return p.equal(&o) }

func (p *Pool) equal(o *Pool) bool {
	return p.ID == o.ID && p.Service == o.Service && p.TLS == o.TLS && p.H2C == o.H2C && p.Why == o.Why &&
		equalValues(p.Endpoints, o.Endpoints)
}
