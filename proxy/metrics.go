// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"math/bits"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// metrics is what is counted. Counting takes no lock and looks nothing up; its collector adds up and names what was
// counted when somebody asks.
type metrics struct {
	// mask takes a connection's shard to one of the metrics', of which there are a power of two.
	mask uint32
	// unrouted counts the requests that no route was found for.
	unrouted *series
	// selection is how long requests took from their head to the endpoint that they were given to, by shard.
	selection []paddedHistogram
	// handshakes counts those that succeeded, failedHandshakes the others.
	handshakes       histogram
	failedHandshakes atomic.Uint64
	// refused counts the connections beyond the limit.
	refused atomic.Uint64
	// applied is how long snapshots took to become generations, rejected how many did not.
	applied  histogram
	rejected atomic.Uint64

	mu sync.Mutex
	// routed are the series of the routes that there are.
	routed map[seriesID]*series
	// sweeps is how often it was said which of them are kept.
	sweeps uint64
}

type seriesID struct{ ingress, service string }

// paddedHistogram does not share a cache line with the next one.
type paddedHistogram struct {
	histogram
	_ [64]byte
}

// metricShards bounds the shards: beyond so many cores they share.
const metricShards = 16

func newMetrics() *metrics {
	shards := 1 << bits.Len(uint(min(runtime.GOMAXPROCS(0), metricShards)-1))
	return &metrics{
		mask:      uint32(shards - 1),
		unrouted:  newSeries("", "", shards),
		selection: make([]paddedHistogram, shards),
		routed:    make(map[seriesID]*series),
	}
}

// series returns what the requests from an Ingress to a service are counted by.
func (m *metrics) series(ingress, service string) *series {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := seriesID{ingress, service}
	s := m.routed[id]
	if s == nil {
		s = newSeries(ingress, service, int(m.mask)+1)
		m.routed[id] = s
	}
	return s
}

// keepOnly forgets what was counted for Ingresses and services, but for the series that each calls keep with.
func (m *metrics) keepOnly(each func(keep func(*series))) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweeps++
	each(func(s *series) { s.kept = m.sweeps })
	for id, s := range m.routed {
		if s.kept != m.sweeps {
			delete(m.routed, id)
		}
	}
}

// handshakeSucceeded and handshakeFailed count TLS handshakes.
func (m *metrics) handshakeSucceeded(took time.Duration) { m.handshakes.observe(&latencyBounds, took) }
func (m *metrics) handshakeFailed()                      { m.failedHandshakes.Add(1) }

// connectionRefused counts a connection beyond the limit.
func (m *metrics) connectionRefused() { m.refused.Add(1) }

// snapshotApplied and snapshotRejected count what became of snapshots.
func (m *metrics) snapshotApplied(took time.Duration) { m.applied.observe(&latencyBounds, took) }
func (m *metrics) snapshotRejected()                  { m.rejected.Add(1) }

// count counts a request that has ended.
func (m *metrics) count(r *Record) {
	s := m.unrouted
	if r.series != nil {
		s = r.series
	}
	i := r.Shard & m.mask
	if r.Chosen > 0 {
		m.selection[i].observe(&selectionBounds, r.Chosen-r.Started)
	}
	s.shard(i).count(newOutcome(r.Status, r.Reason), r.Ended-r.Started, r.upstreamTime())
}

// all returns the series, those of one Ingress side by side.
func (m *metrics) all() []*series {
	m.mu.Lock()
	all := make([]*series, 0, len(m.routed)+1)
	for _, s := range m.routed {
		all = append(all, s)
	}
	m.mu.Unlock()
	slices.SortFunc(all, func(a, b *series) int { return strings.Compare(a.ingress, b.ingress) })
	return append(all, m.unrouted)
}
