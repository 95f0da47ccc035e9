// SPDX-License-Identifier: Apache-2.0

package proxy

import "slices"

// BalancingPolicy is a way to choose among a pool's endpoints.
type BalancingPolicy uint8

const (
	// RoundRobin gives each endpoint its turn, by weight.
	RoundRobin BalancingPolicy = iota
	// LeastRequest prefers endpoints with few requests under way, by weight.
	LeastRequest
	// Hash gives requests that have something in common to one endpoint.
	Hash
	balancingPolicies
)

func (p BalancingPolicy) String() string {
	switch p {
	case LeastRequest:
		return "LeastRequest"
	case Hash:
		return "Hash"
	}
	return "RoundRobin"
}

// HashOn is what requests have in common that the Hash policy gives to one endpoint.
type HashOn uint8

const (
	// HashOnClient is the client's address.
	HashOnClient HashOn = iota
	// HashOnHeader is the value of a header field.
	HashOnHeader
	// HashOnCookie is the value of a cookie.
	HashOnCookie
)

// Balancing says how a route chooses among its pool's endpoints.
type Balancing struct {
	Policy BalancingPolicy
	// HashOn and Name, of the header field in lower case or of the cookie, are for the Hash policy.
	HashOn HashOn
	Name   string
	// MaxConnections bounds the connections to each endpoint that carry a request or were upgraded, whichever routes of
	// the namespace they serve. 0 is no bound.
	MaxConnections int
	// MaxPending is how many requests may wait while every endpoint has that many.
	MaxPending int
}

// picker chooses by one policy among the members that were available when it was made. It never changes, and what it
// reads besides is atomic: any number of requests pick at once, without a lock.
type picker interface {
	// pick returns an endpoint that the choice does not rule out, or nil where there is none.
	pick(choice) *target
}

// choice is what a policy may look at when it chooses for a request.
type choice struct {
	// hash is that of what the Hash policy goes by.
	hash uint64
	// tried are the endpoints that the request was given to before.
	tried []*target
	// limit is how many connections in use an endpoint may have, this one among them, or 0.
	limit int64
}

// rulesOut says whether a request cannot go to an endpoint.
func (c *choice) rulesOut(e *target) bool {
	return c.limit > 0 && e.active.Load() >= c.limit || len(c.tried) > 0 && slices.Contains(c.tried, e)
}

func newPicker(policy BalancingPolicy, available []member, state *poolState) picker {
	switch policy {
	case LeastRequest:
		return newLeastRequest(available, state)
	case Hash:
		return newHashRing(available, state)
	}
	return newRoundRobin(available, &state.cursor)
}
