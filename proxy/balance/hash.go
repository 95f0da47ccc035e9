// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"math/bits"
	"slices"
)

const (
	// ringPoints is how many points an endpoint of mean weight has on the ring at least. It has twice as many at most.
	// Each endpoint then gets its share to within some 9 % (one divided by the root of the number).
	ringPoints = 128
	// hashLoad bounds an endpoint's requests under way to this many quarters of its share of them all, so that a busy key
	// cannot drown its endpoint. This is consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam, 2016).
	hashLoad = 5
	// hashLoadFree is how many requests an endpoint may have under way before that bound counts. Among few requests, it
	// would separate those of one client.
	hashLoadFree = 16
	// ringLook is how many points are looked at for an endpoint that is within its bound.
	ringLook = 256
)

// hashRing is consistent hashing. Each endpoint has points on a circle, by weight. A request belongs to the endpoint of
// the first point at or after its own. An endpoint that comes or goes moves its own share of the keys alone. The points
// depend on the endpoints' ids and weights only, so that all replicas agree.
type hashRing struct {
	targets []*Target
	weights []uint64
	weight  uint64 // the sum
	// points are sorted. The upper half of each is a place on the circle. The lower half is the index of the endpoint.
	points []uint64
	// begin is where each of equal arcs of the circle begins in points. There are at least as many arcs
	// as points.
	begin []uint32
	shift int
	state *poolState
}

func newHashRing(members []member, state *poolState) *hashRing {
	r := &hashRing{state: state, targets: make([]*Target, len(members)), weights: make([]uint64, len(members))}
	for i := range members {
		r.targets[i], r.weights[i] = members[i].Target, uint64(members[i].weight)
		r.weight += r.weights[i]
	}
	if len(members) == 0 {
		return r
	}
	// The scale is a power of two. So it seldom changes when endpoints come and go, and everybody's points stay.
	scale := bits.Len64(r.weight/uint64(len(members))) - 1
	r.points = make([]uint64, 0, 2*ringPoints*len(members))
	for i := range members {
		seed := Hash(members[i].id)
		for k := range max(1, ringPoints*r.weights[i]>>scale) {
			r.points = append(r.points, Scatter(seed+k)&^0xffffffff|uint64(i))
		}
	}
	slices.Sort(r.points)
	arcs := bits.Len(uint(len(r.points) - 1))
	r.shift = 64 - arcs
	r.begin = make([]uint32, 1<<arcs)
	next := 0
	for arc := range r.begin {
		for next < len(r.points) && r.points[next]>>r.shift < uint64(arc) {
			next++
		}
		r.begin[arc] = uint32(next)
	}
	return r
}

func (r *hashRing) pick(c Choice) *Target {
	if len(r.targets) == 0 {
		return nil
	}
	var first *Target
	at := r.position(c.Hash)
	for looked := range r.points {
		if first != nil && looked >= ringLook {
			break
		}
		i := uint32(r.points[at])
		if e := r.targets[i]; !c.rulesOut(e) {
			if r.withinBound(e, i) {
				return e
			}
			if first == nil {
				first = e
			}
		}
		if at++; at == len(r.points) {
			at = 0
		}
	}
	return first
}

// position returns the index of the first point at or after a hash.
func (r *hashRing) position(hash uint64) int {
	hash &^= 0xffffffff
	at := int(r.begin[hash>>r.shift])
	for at < len(r.points) && r.points[at] < hash {
		at++
	}
	if at == len(r.points) {
		return 0
	}
	return at
}

func (r *hashRing) withinBound(e *Target, i uint32) bool {
	active := e.active.Load()
	if active < hashLoadFree {
		return true
	}
	all := uint64(max(0, r.state.active.Load())) + 1
	return uint64(active)*4*r.weight < hashLoad*all*r.weights[i]
}

// Hash is FNV-1a, with a finish that spreads it over all bits. All replicas have to agree on it, so it has no secret.
// Somebody who picks keys that fall together gains one endpoint's share of requests, up to the bound on loads.
func Hash[T string | []byte](b T) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(b) {
		h = (h ^ uint64(b[i])) * 0x100000001b3
	}
	return Scatter(h)
}

// Scatter maps neighbouring numbers far apart (the finish of SplitMix64).
func Scatter(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
