// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"time"

	"github.com/warren-dev/ingress/proxy/reason"
)

// Totals are what all requests of the process came to, those of routes that have gone too. They only grow.
type Totals struct {
	// Requests are those that ended.
	Requests uint64
	// Reasons counts them by their reason. None is for the answers of services.
	Reasons [reason.Count]uint64
	// ServiceErrors counts the answers of services with a status of 500 and above.
	ServiceErrors uint64
	// Durations counts them by how long they took. Each is for those up to the bound of the same index in
	// [LatencyBounds], and the last for the others.
	Durations [len(bounds{}) + 1]uint64
}

// LatencyBounds returns the upper bounds of [Totals.Durations], but for the last, which has none.
func LatencyBounds() []time.Duration { return latencyBounds[:] }

// Totals adds up what was counted.
func (m *Metrics) Totals() (t Totals) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t = m.forgotten
	for _, s := range m.routed.All() {
		t.add(s)
	}
	t.add(m.unrouted)
	return t
}

// add adds what a series counted.
func (t *Totals) add(s *Series) {
	for i := range s.shards {
		shard := s.shards[i].Load()
		if shard == nil {
			continue
		}
		for o := &shard.outcomes; o != nil; o = o.further.Load() {
			for i := range o.counts {
				which, n := outcome(o.counts[i].outcome.Load()), o.counts[i].count.Load()
				t.Requests += n
				t.Reasons[which.reason()] += n
				if which.reason() == reason.None && which.status() >= 500 {
					t.ServiceErrors += n
				}
			}
		}
		for i := range shard.duration.counts {
			t.Durations[i] += shard.duration.counts[i].Load()
		}
	}
}
