// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"cmp"
	"slices"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// standing is all that decides about whether a member of a pool takes requests.
type standing struct {
	// takes is what the snapshot says: not draining, not reported unhealthy, and of a weight above 0.
	takes bool
	// health is what its check found; Healthy where it has none.
	health snapshot.Health
	// ejected is since when it has been set aside for what requests met with, by the proxy's clock, or 0.
	ejected time.Duration
}

// available says of each member of a pool whether it takes requests now.
//
// An Unhealthy one never does: where all are, a client is better served by an answer at once. Those of which nothing is
// known yet do while no member is known to be Healthy. Of those that are left, at most half stay set aside, the ones
// that were first: what makes many fail at once is more likely to be a fault of the network, or a request that no
// endpoint bears, and then the others would only break down under the load of all.
func available(members []standing) []bool {
	wanted := snapshot.HealthUnknown
	for _, m := range members {
		if m.takes && m.health == snapshot.Healthy {
			wanted = snapshot.Healthy
			break
		}
	}
	open := make([]bool, len(members))
	count := 0
	var ejected []int
	for i, m := range members {
		if !m.takes || m.health != wanted {
			continue
		}
		open[i] = true
		count++
		if m.ejected > 0 {
			ejected = append(ejected, i)
		}
	}
	slices.SortStableFunc(ejected, func(a, b int) int { return cmp.Compare(members[a].ejected, members[b].ejected) })
	for _, i := range ejected[:min(len(ejected), count/2)] {
		open[i] = false
	}
	return open
}
