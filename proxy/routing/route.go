// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Route is what a request needs of a route of the snapshot, without the snapshot's own memory.
type Route struct {
	Names observe.RouteNames
	// Mark is what the route leaves on its requests, to know them again.
	Mark      []byte
	Pool      *balance.Pool
	Series    *observe.Series
	Balancing snapshot.Balancing
	Timeouts  snapshot.Timeouts
	// Patience is how long the endpoint may be silent before it answers, 0 for ever: the shorter of two timeouts.
	Patience time.Duration
	Retries  int
	// Closed has every request answered with RuleClosed.
	Closed bool
	// Policies are the steps of the route's policies.
	Policies policy.Chain
}
