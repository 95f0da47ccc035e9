// SPDX-License-Identifier: Apache-2.0

// Package balance decides which endpoint takes the next request. It has the pools of a snapshot, what is known of their
// endpoints, and the policies that choose among them. It knows no requests: the caller asks with a [Choice].
//
// Read in this order: pool.go (a pool and its members), target.go (an endpoint that pools share), hold.go (a
// request's place at an endpoint), picker.go (choosing by a policy), roundrobin.go, leastrequest.go and hash.go (the
// policies), affinity.go (the hash that a client's requests have in common), session.go (sessions, which stay with an
// endpoint), available.go (which members may be chosen), ejector.go (endpoints that are set aside because requests
// failed), queue.go (requests that wait for a place), budget.go (a bound on retries), errors.go (attempts that
// failed), poollist.go (the pools that an endpoint is in), store.go (what outlives a snapshot), standing.go (what
// people are told of a pool).
package balance
