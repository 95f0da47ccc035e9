// SPDX-License-Identifier: Apache-2.0

package snapshot

// BalancingPolicy is a way to choose among a pool's endpoints.
type BalancingPolicy uint8

const (
	// RoundRobin gives each endpoint its turn, by weight.
	RoundRobin BalancingPolicy = iota
	// LeastRequest prefers endpoints with few requests under way, by weight.
	LeastRequest
	// Hash gives requests that have something in common to one endpoint.
	Hash
	// BalancingPolicies is how many there are.
	BalancingPolicies
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
