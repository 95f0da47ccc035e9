// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"time"

	"github.com/warren-dev/ingress/proxy/errorpage"
	"github.com/warren-dev/ingress/proxy/mirror"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/session"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Route has what a request needs of a route of the snapshot. It does not point to the snapshot, and so does not keep an
// old one in memory.
type Route struct {
	// Names name the route. They name no service if its requests are shared among backends.
	Names observe.RouteNames
	// Mark is what the route adds to its requests. If a request comes again, the route knows it by the mark.
	Mark []byte
	// Backend gets all requests, unless there is a Split. Then it has no pool, and is what a request has until one of the
	// Split's is chosen.
	Backend Backend
	// Split shares the requests among backends. Nil if there is nothing to choose.
	Split *Split
	// Sessions keeps sessions with their endpoints. Nil if none are kept.
	Sessions *session.Rule
	// SessionsAt are the backends that sessions may be at, by the index of their pool in Sessions.
	SessionsAt []Backend
	Balancing  snapshot.Balancing
	Timeouts   snapshot.Timeouts
	// Patience is how long the endpoint may be silent before it answers: the shorter one of two timeouts. 0 is for ever.
	Patience time.Duration
	// Repeatable is set if another endpoint may be asked once that time is over.
	Repeatable bool
	Retries    int
	// Retry says more of retries. Nil if there is no more to say.
	Retry *Retry
	// Mirrors get copies of requests. Nil for none.
	Mirrors []mirror.To
	// ErrorPages have pages for responses with certain statuses. Nil for none.
	ErrorPages *errorpage.Pages
	// Fallback gets the requests that no endpoint takes. Nil for none.
	Fallback *Fallback
	// AsksClients is set if a policy judges the certificates of clients.
	AsksClients bool
	// Closed is set if every request is answered with RuleClosed.
	Closed bool
	// Canonical has endpoints get the canonical path, however the client spelled it.
	Canonical bool
	// EndsConnections has each connection to an endpoint end with its exchange.
	EndsConnections bool
	// Policies are the steps of the route's policies.
	Policies policy.Chain
}
