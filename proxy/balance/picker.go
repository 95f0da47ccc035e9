// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// picker chooses by one policy among the members that were available when it was made. It never changes, and all else
// that it reads is atomic. So any number of requests pick at once, without a lock.
type picker interface {
	// pick returns an endpoint that the choice does not rule out, or nil.
	pick(Choice) *Target
}

// Choice is what a policy may look at when it chooses for a request.
type Choice struct {
	// Hash is what the Hash policy chooses by.
	Hash uint64
	// Tried are the endpoints that the request was given to before.
	Tried []*Target
	// Limit is how many connections in use an endpoint may have, including this one. 0 is no limit.
	Limit int64
}

// rulesOut says whether the request cannot go to an endpoint.
func (c *Choice) rulesOut(e *Target) bool {
	return c.Limit > 0 && e.active.Load() >= c.Limit || len(c.Tried) > 0 && slices.Contains(c.Tried, e)
}

func newPicker(policy snapshot.BalancingPolicy, available []member, state *poolState) picker {
	switch policy {
	case snapshot.LeastRequest:
		return newLeastRequest(available, state)
	case snapshot.Hash:
		return newHashRing(available, state)
	}
	return newRoundRobin(available, &state.cursor)
}
