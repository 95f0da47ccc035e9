package proxy

import "slices"

// BalancingPolicy is a way to choose among a pool's endpoints.
type BalancingPolicy uint8

const (
	// RoundRobin gives each endpoint its turn, by weight.
	RoundRobin BalancingPolicy = iota
	balancingPolicies
)

// picker chooses by one policy among the members that were available when it was made. It never changes, and what it
// reads besides is atomic: any number of requests pick at once, without a lock.
type picker interface {
	// pick returns an endpoint that the choice does not rule out, or nil where there is none.
	pick(choice) *endpoint
}

// choice is what a policy may look at when it chooses for a request.
type choice struct {
	// tried are the endpoints that the request was given to before.
	tried []*endpoint
}

// rulesOut says whether a request cannot go to an endpoint.
func (c *choice) rulesOut(e *endpoint) bool {
	return len(c.tried) > 0 && slices.Contains(c.tried, e)
}

func newPicker(_ BalancingPolicy, available []member, state *poolState) picker {
	return newRoundRobin(available, &state.cursor)
}
