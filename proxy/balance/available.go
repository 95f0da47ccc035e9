// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"cmp"
	"slices"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// standing is all that decides whether a member of a pool takes requests.
type standing struct {
	// takes is what the snapshot says: the member is not draining, not reported unhealthy, and has a weight above 0.
	takes bool
	// health is what its check found. It is Healthy if nothing checks it.
	health snapshot.Health
	// ejected is since when it has been set aside because requests failed at it, by the proxy's clock. 0 if it is not.
	ejected time.Duration
}

// available says of each member of a pool whether it takes requests now.
//
// An Unhealthy member never does. If all are Unhealthy, an answer at once serves a client better. A member of unknown
// health does while no member is Healthy.
//
// Of the members that are left, at most half stay set aside: those that were set aside first. If many fail at once, the
// cause is more likely the network, or a request that no endpoint survives. Then the few others would only break down
// under the load of all.
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
