// SPDX-License-Identifier: Apache-2.0

package snapshot

// BalancingPolicy is a way to choose among a pool's endpoints.
type BalancingPolicy uint8

const (
	// RoundRobin gives each endpoint its turn, by weight.
	RoundRobin BalancingPolicy = iota
	// LeastRequest prefers endpoints with few requests under way, by weight.
	LeastRequest
	// Hash gives requests with the same value of [HashOn] to the same endpoint.
	Hash
	// BalancingPolicies is the number of policies.
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

// HashOn is the part of a request that the Hash policy chooses by.
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
	// HashOn and Name are for the Hash policy. Name is that of the header field, in lower case, or of the cookie.
	HashOn HashOn
	Name   string
	// MaxConnections bounds the requests under way and the upgraded connections at each endpoint. Those of all routes of
	// the namespace count together. 0 is no bound.
	MaxConnections int
	// MaxPending is how many requests may wait while every endpoint has MaxConnections.
	MaxPending int
}
