// SPDX-License-Identifier: Apache-2.0

package explanation

import (
	"net/netip"
	"time"

	"github.com/warren-dev/ingress/proxy/reason"
)

// Explanation says what would become of a request and why. Its fields are in the order in which the proxy decides. A
// field is nil or empty if the proxy does not get to it. The JSON is for programs: fields may be added, and none
// changes its meaning.
type Explanation struct {
	// Generation is the number of the generation that decided about the request.
	Generation uint64  `json:"generation"`
	Request    Request `json:"request"`
	// Listener is the listener that the request comes to. It is nil if that is none of a Gateway's.
	Listener *Listener `json:"listener,omitempty"`
	// Certificate is what a handshake for the URL's host gets, or would get if the URL were one of HTTPS. It is nil if the
	// host gets none.
	Certificate *Certificate `json:"certificate,omitempty"`
	// Candidates are the rules of the hosts that the request's host is one of, the winner first.
	Candidates []Candidate `json:"candidates,omitempty"`
	// Hints say what may be meant instead if no rule takes the request.
	Hints     []string `json:"hints,omitempty"`
	Access    *Access  `json:"access,omitempty"`
	RateLimit *Limit   `json:"rateLimit,omitempty"`
	// Policies are the other policies that were asked and noted something, in their order.
	Policies []Policy `json:"policies,omitempty"`
	// Backends share the rule's requests. It is empty if one pool gets all of them.
	Backends []Backend `json:"backends,omitempty"`
	// Session says which session the request belongs to, if the rule keeps any.
	Session *Session `json:"session,omitempty"`
	// Mirrors get copies of the rule's requests, and of this one too if it gets to an endpoint.
	Mirrors []Mirror `json:"mirrors,omitempty"`
	// ErrorPages stand in place of the rule's responses with certain statuses.
	ErrorPages []ErrorPage `json:"errorPages,omitempty"`
	Upstream   *Upstream   `json:"upstream,omitempty"`
	// Fallback gets the rule's requests while no endpoint takes them. It is nil if nothing does.
	Fallback *Fallback `json:"fallback,omitempty"`
	// Retries says how the request is tried again, if the rule says more of that than how often.
	Retries *Retries `json:"retries,omitempty"`
	// Pool is what an endpoint is chosen from. If the choice among Backends is random, it is the pool of the one with the
	// greatest weight.
	Pool   *Pool  `json:"pool,omitempty"`
	Answer Answer `json:"answer"`
}

// Served says whether a rule takes the request.
func (e *Explanation) Served() bool { return e.Answer.Reason != reason.RouteNotFound.String() }

// ByRule says whether the rule itself answers, with what its author wrote.
func (e *Explanation) ByRule() bool {
	return e.Answer.Reason == reason.FixedResponse.String() || e.Answer.Reason == reason.Redirected.String()
}

// Request is the request as the proxy understands it.
type Request struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	// Host and Path are canonical. They are empty if the request was refused before they were known.
	Host string `json:"host,omitempty"`
	Path string `json:"path,omitempty"`
	// Owner owns the host. It is empty if the host has no owner or belongs to everybody.
	Owner string `json:"owner,omitempty"`
	// Peer is where the connection comes from. Client is the address that the rules see. It is another address if the peer
	// is a trusted proxy that names a client.
	Peer   string `json:"peer"`
	Client string `json:"client"`
	// TrustedPeer is set if the peer's forwarding fields are believed.
	TrustedPeer bool `json:"trustedPeer"`
	// Secure is set if the client came over HTTPS, to us or to a trusted proxy.
	Secure bool `json:"secure"`
}

// Listener is a listener of a Gateway.
type Listener struct {
	// ID is "namespace/gateway/listener". It is empty if no listener at the address is for the host.
	ID string `json:"id,omitempty"`
	// Address is where its connections come to.
	Address string `json:"address"`
}

// Certificate is a certificate that is served.
type Certificate struct {
	// ID is the "namespace/name" of its Secret.
	ID    string   `json:"id"`
	Hosts []string `json:"hosts"`
	// NotBefore is set in a list of certificates alone.
	NotBefore time.Time `json:"notBefore,omitzero"`
	NotAfter  time.Time `json:"notAfter"`
	// Default is set in an explanation if the host gets the certificate because it has none of its own. It is set in a
	// list of certificates for the default one.
	Default bool `json:"default,omitempty"`
}

// Candidate is a rule that the request might have been for.
type Candidate struct {
	// Host is an exact name, a wildcard, or "" for every host.
	Host  string `json:"host"`
	Path  string `json:"path"`
	Match string `json:"match"`
	// Conditions says in words what else the rule asks of a request. It is empty if that is nothing.
	Conditions string `json:"conditions,omitempty"`
	// Ingress is "namespace/name". It has a prefix, as in "networking.k8s.io/namespace/name" or
	// "httproute/namespace/name", if that alone does not tell one object from all others. Rule is "rule.path", two
	// indexes from 0. The rule is -1 for a route that serves the requests that no rule matches. The path is -1 for a
	// route that closes a whole host. For an object of the Gateway API, Rule is the place in the object, such as
	// "spec.rules[0].matches[1]".
	Ingress string `json:"ingress"`
	Rule    string `json:"rule"`
	Service string `json:"service"`
	// Canary names the object whose backends take a share of the requests for the rule's path. It is empty for none.
	Canary string `json:"canary,omitempty"`
	Wins   bool   `json:"wins"`
	// Unserved is the reason of the condition that the object has, if the rule has no route at all. Otherwise it is empty.
	Unserved string `json:"unserved,omitempty"`
	// Mismatched is set if the rule is not for the request: its path does not match, or the request does not meet a
	// condition.
	Mismatched bool `json:"mismatched,omitempty"`
	// Unmet says in words which conditions the request does not meet, if its path matches. It is empty if it meets all.
	Unmet []string `json:"unmet,omitempty"`
	// Why says why the rule won or lost.
	Why string `json:"why"`
}

// Rank sorts candidates: 0 for the winner, 2 for those that do not match, 1 for the others.
func (c *Candidate) Rank() int {
	switch {
	case c.Wins:
		return 0
	case c.Mismatched:
		return 2
	}
	return 1
}

// Access is what the rule's access control says of the client.
type Access struct {
	Admitted bool `json:"admitted"`
	// Prefix is the denied or allowed prefix that decided, because the client is in it. It is empty if the client is in
	// none.
	Prefix string `json:"prefix,omitempty"`
	Why    string `json:"why"`
}

// Limit is the state of the rule's rate limit for the client. Asking took nothing from it.
type Limit struct {
	PerSecond float64 `json:"perSecond"`
	Burst     int     `json:"burst"`
	// Replicas is how many replicas share the limit.
	Replicas int `json:"replicas"`
	// Left is how many requests this replica would let through now, all at once.
	Left    float64 `json:"left"`
	Allowed bool    `json:"allowed"`
	// RetryAfter is how long the client would be told to wait, in seconds.
	RetryAfter float64 `json:"retryAfterSeconds,omitempty"`
}

// Policy is what a policy says of the request.
type Policy struct {
	Name string `json:"name"`
	// Passed is set if the request goes on.
	Passed bool   `json:"passed"`
	Text   string `json:"text"`
}

// Backend is what takes a share of a rule's requests.
type Backend struct {
	// Pool is empty if the backend cannot be used. Service is "namespace/service", and empty with it.
	Pool    string `json:"pool,omitempty"`
	Service string `json:"service,omitempty"`
	Weight  int    `json:"weight"`
	// Share is the backend's part of the requests, from 0 to 1.
	Share float64 `json:"share"`
}

// Session is what becomes of the session that a request names.
type Session struct {
	// Type is "Cookie" or "Header", and Name the name of that.
	Type string `json:"type"`
	Name string `json:"name"`
	// Absolute is how long a session lasts, in seconds. 0 is without an end.
	Absolute float64 `json:"absoluteSeconds,omitempty"`
	// Stays is set if the request goes to the session's endpoint. Task names that, if it does. Otherwise Why says why a
	// session begins.
	Stays bool   `json:"stays"`
	Task  string `json:"task,omitempty"`
	Why   string `json:"why,omitempty"`
}

// Mirror is what gets copies of a rule's requests.
type Mirror struct {
	Pool    string `json:"pool"`
	Service string `json:"service"`
	// Share is the part of the requests that is copied, from 0 to 1.
	Share float64 `json:"share"`
	// Host is what the service is asked for in place of the request's host. Bare is set if it gets no content.
	Host string `json:"host,omitempty"`
	Bare bool   `json:"bare,omitempty"`
}

// ErrorPage is a service with a page for responses with certain statuses.
type ErrorPage struct {
	Pool    string `json:"pool"`
	Service string `json:"service"`
	// Statuses are those of the responses. Path is what the service is asked for: "{status}" in it stands for the status.
	Statuses []int  `json:"statuses"`
	Path     string `json:"path"`
	// Handles is set if the service decides how such a request is answered, so that the client gets its status.
	Handles bool `json:"handles,omitempty"`
}

// Fallback is a service that gets the requests that no endpoint takes.
type Fallback struct {
	Pool    string `json:"pool"`
	Service string `json:"service"`
	// Takes is set if it gets this request.
	Takes bool `json:"takes,omitempty"`
}

// Upstream is the head of the request that an endpoint would get.
type Upstream struct {
	Method string `json:"method"`
	// Target is the path with the query. Path is the path alone. Both are as rewritten.
	Target  string   `json:"target"`
	Path    string   `json:"path"`
	Headers []Header `json:"headers"`
}

// Retries says after what else than no response a request is tried again, and when.
type Retries struct {
	// Attempts is how often at most.
	Attempts int `json:"attempts"`
	// Codes are the statuses of responses that it is tried again after.
	Codes []int `json:"codes,omitempty"`
	// Backoff is the least time between two attempts, in seconds. It grows with each.
	Backoff float64 `json:"backoffSeconds,omitempty"`
}

// Header is a field of a head.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Pool has the endpoints that one would be chosen from.
type Pool struct {
	ID      string `json:"id"`
	Service string `json:"service"`
	// Protocol is HTTP, HTTPS or H2C.
	Protocol string `json:"protocol"`
	// TLS says how endpoints are verified. It is empty if they are spoken to without TLS.
	TLS    string `json:"tls,omitempty"`
	Policy string `json:"policy"`
	Tasks  []Task `json:"tasks"`
	// Why says why no endpoint takes requests, if it is not the endpoints that say so.
	Why string `json:"why,omitempty"`
}

// Task is an endpoint of a pool.
type Task struct {
	// ID names what the endpoint came from: "task/namespace/name", or "endpoint/namespace/service/address:port" if that is
	// a Service.
	ID      string `json:"id"`
	Address string `json:"address"`
	Weight  int    `json:"weight"`
	// Health is "Healthy", "Unhealthy" or "Unknown". It is "Healthy" if nothing checks the endpoint and nobody reported it
	// unhealthy.
	Health string `json:"health"`
	// Active is how many requests and upgraded connections of this replica the endpoint has.
	Active int64 `json:"active"`
	// TakesRequests says whether new requests may go to the endpoint. Why says why not, or what else there is to say, such
	// as what its check found.
	TakesRequests bool   `json:"takesRequests"`
	Why           string `json:"why,omitempty"`
	// LastError says what the endpoint did with the last request that failed at it, and LastErrorTime when that was. Later
	// ones may have succeeded.
	LastError     string    `json:"lastError,omitempty"`
	LastErrorTime time.Time `json:"lastErrorTime,omitzero"`
}

// Answer is how the request ends.
type Answer struct {
	// Status and Reason are those of an answer of the proxy's own. They are 0 and empty if the service answers. They are
	// also 0 and empty if the handshake fails, so that no request gets through.
	Status int    `json:"status,omitempty"`
	Reason string `json:"reason,omitempty"`
	// TLSAlert is the alert that ends the handshake.
	TLSAlert string `json:"tlsAlert,omitempty"`
	// Location is where a redirect leads.
	Location string `json:"location,omitempty"`
	// Page is the service that would be asked for a page in place of the answer, as "namespace/service". It is empty if
	// none would be.
	Page string `json:"page,omitempty"`
	Text string `json:"text"`
}

// UnspecifiedPeer returns the peer of a question that names none. It is an address for documentation (RFC 5737), which
// is in nobody's list.
func UnspecifiedPeer() netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, 1}) }
