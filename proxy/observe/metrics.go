// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"iter"
	"math/bits"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/uses"
)

// Metrics is what is counted. Counting takes no lock and looks nothing up. [Metrics.Collector] adds up and names what
// was counted when somebody asks.
type Metrics struct {
	// mask maps a connection's shard to one of the metrics'. Their number is a power of two.
	mask uint32
	// unrouted counts the requests without a route.
	unrouted *Series
	// selection is how long requests took from their head to the choice of an endpoint, by shard.
	selection []paddedHistogram
	// handshakes counts those that succeeded. failedHandshakes counts the others.
	handshakes       histogram
	failedHandshakes [transport.HandshakeFaults]atomic.Uint64
	// refused counts the connections beyond the limit.
	refused atomic.Uint64
	// applied is how long snapshots took to become generations. rejected counts those that did not.
	applied  histogram
	rejected atomic.Uint64

	mu sync.Mutex
	// routed has the series of the routes that there are.
	routed uses.Map[seriesID, *Series]
	// forgotten is what series counted that are not in routed any more.
	forgotten Totals
}

type seriesID struct{ ingress, service string }

// paddedHistogram does not share a cache line with the next one.
type paddedHistogram struct {
	histogram
	_ [64]byte
}

// metricShards bounds the shards. If there are more cores, some share one.
const metricShards = 16

// NewMetrics returns metrics that have counted nothing yet.
func NewMetrics() *Metrics {
	shards := 1 << bits.Len(uint(min(runtime.GOMAXPROCS(0), metricShards)-1))
	return &Metrics{
		mask:      uint32(shards - 1),
		unrouted:  newSeries("", "", shards),
		selection: make([]paddedHistogram, shards),
	}
}

// Series returns the series that counts the requests from an Ingress to a service. It stays the same until
// [Metrics.Settle] forgets it.
func (m *Metrics) Series(ingress, service string) *Series {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := seriesID{ingress, service}
	s, ok := m.routed.Get(id)
	if !ok {
		s = newSeries(ingress, service, int(m.mask)+1)
		m.routed.Add(id, s)
	}
	return s
}

// Settle notes which series something uses from now on, and which it does not use any more. One that several things use
// comes once for each. Settle forgets those that nothing uses.
func (m *Metrics) Settle(came, went iter.Seq[*Series]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range came {
		m.routed.Use(seriesID{s.ingress, s.service})
	}
	for s := range went {
		m.routed.Drop(seriesID{s.ingress, s.service})
	}
	m.routed.Sweep(func(_ seriesID, s *Series) { m.forgotten.add(s) })
}

// Each calls f with the Ingress and the service of each series that is not forgotten.
func (m *Metrics) Each(f func(ingress, service string)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id := range m.routed.All() {
		f(id.ingress, id.service)
	}
}

// HandshakeSucceeded counts a TLS handshake by the time that it took.
func (m *Metrics) HandshakeSucceeded(took time.Duration) { m.handshakes.observe(&latencyBounds, took) }

// HandshakeFailed counts a TLS handshake that failed.
func (m *Metrics) HandshakeFailed(why transport.HandshakeFault) { m.failedHandshakes[why].Add(1) }

// ConnectionRefused counts a connection beyond the limit.
func (m *Metrics) ConnectionRefused() { m.refused.Add(1) }

// SnapshotApplied counts a snapshot by the time until it was served.
func (m *Metrics) SnapshotApplied(took time.Duration) { m.applied.observe(&latencyBounds, took) }

// SnapshotRejected counts a snapshot that did not compile.
func (m *Metrics) SnapshotRejected() { m.rejected.Add(1) }

// Count counts a request that has ended, in its series. If an endpoint was chosen, it also counts how long that took.
func (m *Metrics) Count(r *Record) {
	s := m.unrouted
	if r.Series != nil {
		s = r.Series
	}
	i := r.Shard & m.mask
	if r.Chosen > 0 {
		m.selection[i].observe(&selectionBounds, r.Chosen-r.Started)
	}
	s.shard(i).count(newOutcome(r.Status, r.Reason), r.Ended-r.Started, r.upstreamTime())
}

// all returns the series, those of one Ingress side by side.
func (m *Metrics) all() []*Series {
	m.mu.Lock()
	all := make([]*Series, 0, m.routed.Len()+1)
	for _, s := range m.routed.All() {
		all = append(all, s)
	}
	m.mu.Unlock()
	slices.SortFunc(all, func(a, b *Series) int { return strings.Compare(a.ingress, b.ingress) })
	return append(all, m.unrouted)
}
