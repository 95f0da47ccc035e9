// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"math/bits"
	"sync/atomic"
)

// roundRobin gives the members their turns. All pickers that the pool ever had share the cursor, so that a change does
// not begin the round anew.
type roundRobin struct {
	targets []*Target
	// bounds are the running sums of the weights. Nil if all weights are equal.
	bounds []uint64
	// begin names the endpoint at which each of equal arcs of the circle begins. There are at least as many arcs as
	// endpoints, and up to twice as many. From there it is a step or two to the endpoint.
	begin  []uint32
	shift  int
	cursor *atomic.Uint32
}

func newRoundRobin(members []member, cursor *atomic.Uint32) *roundRobin {
	r := &roundRobin{cursor: cursor, targets: make([]*Target, len(members)), bounds: make([]uint64, len(members))}
	equal, sum := true, uint64(0)
	for i := range members {
		m := &members[i]
		equal = equal && m.weight == members[0].weight
		sum += uint64(m.weight)
		r.targets[i], r.bounds[i] = m.Target, sum
	}
	if equal {
		r.bounds = nil
		return r
	}
	arcs := bits.Len(uint(len(members) - 1))
	r.shift = 32 - arcs
	r.begin = make([]uint32, 1<<arcs)
	next := 0
	for arc := range r.begin {
		for r.bounds[next] <= uint64(arc)<<r.shift*sum>>32 {
			next++
		}
		r.begin[arc] = uint32(next)
	}
	return r
}

func (r *roundRobin) pick(c Choice) *Target {
	n := len(r.targets)
	if n == 0 {
		return nil
	}
	first := r.position(r.cursor.Add(1) - 1)
	for i := range n {
		if e := r.targets[(first+i)%n]; !c.rulesOut(e) {
			return e
		}
	}
	return nil
}

// position maps the number of a request to an index. If the weights are equal, it goes round. Otherwise it puts the
// multiples of the golden ratio onto a circle that the endpoints share by weight. They fall evenly into any interval of
// it. So each share is met closely from the first requests on, and no schedule has to be kept.
func (r *roundRobin) position(request uint32) int {
	if r.bounds == nil {
		return int(request % uint32(len(r.targets)))
	}
	const golden = 0x9e3779b9 // 2^32 divided by the golden ratio, odd
	place := request * golden
	point := uint64(place) * r.bounds[len(r.bounds)-1] >> 32
	i := int(r.begin[place>>r.shift])
	for r.bounds[i] <= point {
		i++
	}
	return i
}
