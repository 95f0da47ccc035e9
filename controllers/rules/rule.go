// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"iter"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Rule is what becomes of the requests to one place of a host. Most of a hundred thousand rules differ only in place
// and backend, so large and rare parts are behind pointers.
type Rule struct {
	// Where is the place in the object as its author finds it, for instance "rules[0].paths[1]".
	Where string
	Match Match
	// Expression is what the rule matches in place of Match once an object of its host sets Expressions. Nil for rules to
	// which that means nothing.
	Expression *Match
	// Backends share the requests by their weights. There is none if one of Policies answers every request: see
	// [policy.Answers].
	Backends []Backend
	// Policies are applied to requests and responses, in policy.Order. If the rule has a fault, this field and those below
	// mean nothing.
	Policies []policy.Policy
	// Auth says what a client has to prove, after its address was looked at. Nil for nothing.
	Auth *Auth
	// Balancing decides which of a backend's endpoints a request goes to. Nil for the usual way.
	Balancing *snapshot.Balancing
	Timeouts  snapshot.Timeouts
	// Retries is how many further endpoints may be tried. Retry says more of that, nil if there is no more to say.
	Retries int
	Retry   *snapshot.Retry
	// Mirrors get copies of requests, if the rule has backends.
	Mirrors []Mirror
	// ErrorPages have pages for responses with certain statuses.
	ErrorPages []ErrorPage
	// Fallback gets the requests that no endpoint of Backends takes. Nil for none.
	Fallback *Fallback
	// Persistence keeps sessions with their endpoints. Nil if none are kept.
	Persistence *snapshot.Persistence
	// Canonical has backends get the canonical path, however the client spelled it.
	Canonical bool
	// EndsConnections is as in [snapshot.Route].
	EndsConnections bool
	// Expressions are those of Match, Expression and Policies, and of the object's Canary. Nil if there is none. They
	// count even if the rule has a fault.
	Expressions []Expression
	// Fault keeps the rule from being served as it is written. Nil if there is no fault.
	Fault *Fault
}

// MatchAs returns what the rule matches. opened is set if an object of its host sets Expressions.
func (r *Rule) MatchAs(opened bool) *Match {
	if opened && r.Expression != nil {
		return r.Expression
	}
	return &r.Match
}

// MayGuard returns whether the rule may say who gets in.
func (r *Rule) MayGuard() bool { return len(r.Policies) > 0 || r.Auth != nil }

// EachBackend has all backends of the rule that may get requests, copies of them, questions about them, or requests for
// pages: Backends, and those of Mirrors, of ErrorPages, of Auth and of Fallback.
func (r *Rule) EachBackend() iter.Seq[*Backend] {
	return func(yield func(*Backend) bool) {
		for i := range r.Backends {
			if !yield(&r.Backends[i]) {
				return
			}
		}
		for i := range r.Mirrors {
			if !yield(&r.Mirrors[i].Backend) {
				return
			}
		}
		for i := range r.ErrorPages {
			if !yield(&r.ErrorPages[i].Backend) {
				return
			}
		}
		if r.Auth != nil && r.Auth.External != nil && !yield(&r.Auth.External.Backend) {
			return
		}
		if r.Fallback != nil {
			yield(&r.Fallback.Backend)
		}
	}
}

// Match decides which of its host's requests a rule is for.
type Match struct {
	// Path is what the path is matched as, or what its author wrote if it cannot be matched.
	Path string
	Type snapshot.PathMatch
	// Beginning is what all paths begin with that an expression matches, at least "/". It is empty for all other types.
	Beginning string
	// Asks is set if the type is an open expression that is more than a text and what has to follow it: a regular
	// expression is asked, and is one of the rule's Expressions.
	Asks bool
	// Rank orders the expressions of a host, whatever their conditions: a higher one goes first.
	Rank uint8
	// Conditions are what else a request has to have: method, header fields, query parameters. They are in the order that
	// the snapshot wants, and their regular expressions compile. Nil for nothing.
	Conditions *snapshot.Conditions
	// Senseless is set if the path cannot be compared with.
	Senseless bool
	// Fault keeps the rule from being served, but only while it matches by this Match. It goes before the rule's own
	// fault. Nil if there is none.
	Fault *Fault
}

// Backend is what answers: a port of a service.
type Backend struct {
	// Namespace is that of the service, and of the objects that TLS names. Empty stands for the object's.
	Namespace string
	Service   string
	Port      int32
	// PortName replaces Port if the backend names the Service's port.
	PortName string
	// FirstPort replaces Port by the first one of the Service, if there is that.
	FirstPort bool
	// ByService has the address of the Service asked in place of its endpoints, if it has one: what is behind that address
	// chooses among them.
	ByService bool
	// Weight is the backend's share of the rule's requests, from 0 to [MaxWeight], relative to the other weights. With 0
	// it takes none.
	Weight   int32
	Protocol Protocol
	// MustExist has requests answered with 500 if there is no such service or no such port, as the Gateway API wants it of
	// an HTTPRoute. Otherwise they are answered with 503, as they are if a service has no endpoints.
	MustExist bool
	// TLS is what the author wrote about TLS, for HTTPS. Nil for nothing.
	TLS *BackendTLS
	// ServiceTLS is what others say of TLS with the service. It goes before TLS and Protocol. Nil for nothing.
	ServiceTLS *ServiceTLS
	// Policies are applied after the rule's, to the requests that this backend gets and to its responses. They are in
	// policy.Order.
	Policies []policy.Policy
	// Fault tells people why the backend cannot be used, for instance because no grant lets the object refer to it. Its
	// share of the requests is answered as if there was no such service. Empty for none.
	Fault string
}

// Mirror is a backend that gets copies of a rule's requests. What it answers is dropped.
type Mirror struct {
	// Backend has no weight and no policies. With a fault it gets nothing.
	Backend Backend
	// Numerator of Denominator requests are copied. Denominator is at least 1, and Numerator is from 0 to Denominator.
	Numerator, Denominator int32
	// Host and Bare are as in [snapshot.Mirror].
	Host string
	Bare bool
}

// ErrorPage is a backend with a page for responses with certain statuses, whether they are a backend's or our own. The
// client gets the page in their place.
type ErrorPage struct {
	// Backend has no weight and no policies. With a fault it has no page.
	Backend Backend
	// Statuses are from 400 to 599. They are sorted. Each occurs once in all error pages of a rule.
	Statuses []int
	// Path is what the backend is asked for. [snapshot.StatusInPath] in it stands for the status.
	Path string
	// Handles is set if the backend decides how such a request is answered. See [snapshot.ErrorPage].
	Handles bool
	// Fields go with the request for the page, in place of those of the same name. They are sorted by name.
	Fields []policy.Header
}

// Fallback is a backend that gets the requests for which no endpoint of a rule's other backends takes requests.
type Fallback struct {
	// Backend has no weight and no policies. With a fault it gets nothing.
	Backend Backend
	// Fields go with such a request, in place of those of the same name. They are sorted by name.
	Fields []policy.Header
}

// MaxWeight bounds the weight of a backend, as the Gateway API does.
const MaxWeight = 1_000_000

// Protocol is how a backend is spoken to.
type Protocol uint8

const (
	// Unsaid is what the Service says of its port (appProtocol), and HTTP if it says nothing.
	Unsaid Protocol = iota
	// HTTP is HTTP/1.1 without TLS.
	HTTP
	// HTTPS is HTTP/2 or HTTP/1.1 over TLS, as the endpoint chooses.
	HTTPS
	// H2C is HTTP/2 without TLS.
	H2C
	// GRPC is what the Service says of its port, and H2C if it says nothing.
	GRPC
)

// BackendTLS is what a backend over HTTPS has to prove.
type BackendTLS struct {
	// CASecret or CAConfigMap names the object with the authorities that may have issued its certificate.
	CASecret, CAConfigMap string
	// ServerName is the name that its certificate is for, if that is not the usual one.
	ServerName string
	// ServerNameFromRequest puts the host of each request in the place of ServerName.
	ServerNameFromRequest bool
	// SkipVerify requires no proof.
	SkipVerify bool
	// Obsolete allows versions and cipher suites of TLS that are no longer thought secure.
	Obsolete bool
	// Policy says what has to be proven in place of all fields above. Nil for none.
	Policy *TLSPolicy
	// ClientCertificate is as in [ServiceTLS].
	ClientCertificate types.NamespacedName
	// MustShow has nothing sent to the backend while it could not be shown the ClientCertificate. A Secret that has
	// authorities alone, which CASecret names too, shows none.
	MustShow bool
}
