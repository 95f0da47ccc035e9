// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"cmp"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
)

const (
	// replicaRenewal is how often a replica renews its Lease.
	replicaRenewal = 5 * time.Second
	// replicaExpiry is how long a replica counts as alive after it renewed its Lease.
	replicaExpiry = 3 * replicaRenewal
)

// sightings knows which replicas are alive. It counts time in renewals of the own Lease, as they come back from the API
// server. So clocks need not agree. And a replica that is cut off goes on with what it knew: it does not take all
// others for dead because it hears nothing of them.
type sightings struct {
	// self is the name of the own Lease.
	self string
	// beats counts the renewals of that Lease.
	beats int
	last  map[string]sighting // by the Lease's name
}

type sighting struct {
	replica Replica
	renewed time.Time
	// beat is when the Lease last changed. stale is set if the replica has given no sign of life yet: its Lease was old
	// when it was first seen.
	beat  int
	stale bool
}

// see notes the present state of a Lease.
func (s *sightings) see(lease *coordinationv1.Lease, now time.Time) {
	replica, ok := readReplica(lease)
	if !ok {
		s.forget(lease.Name)
		return
	}
	renewed := lease.Spec.RenewTime.Time
	before, known := s.last[lease.Name]
	if known && lease.Name == s.self && renewed.After(before.renewed) {
		s.beats++
	}
	stale := !known && lease.Name != s.self && now.Sub(renewed) > replicaExpiry
	s.last[lease.Name] = sighting{replica: replica, renewed: renewed, beat: s.beats, stale: stale}
}

func (s *sightings) forget(lease string) { delete(s.last, lease) }

// ready returns the replicas that are alive and take requests, sorted by name.
func (s *sightings) ready() []Replica {
	var ready []Replica
	for _, seen := range s.last {
		missed := time.Duration(s.beats - seen.beat)
		if seen.replica.ready && !seen.stale && missed*replicaRenewal <= replicaExpiry {
			ready = append(ready, seen.replica)
		}
	}
	slices.SortFunc(ready, func(a, b Replica) int { return cmp.Compare(a.Name, b.Name) })
	return ready
}
