// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// bounds are the upper bounds of a histogram's buckets, in ascending order. One more bucket is for what exceeds the
// last one.
type bounds [14]time.Duration

var (
	// latencyBounds are for the times that networks and services take.
	latencyBounds = bounds{
		500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond,
		25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
		time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
	}
	// selectionBounds are for what takes a microsecond unless it has to wait.
	selectionBounds = bounds{
		time.Microsecond, 2500 * time.Nanosecond, 5 * time.Microsecond, 10 * time.Microsecond, 25 * time.Microsecond,
		50 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond,
		10 * time.Millisecond, 100 * time.Millisecond, time.Second, 10 * time.Second,
	}
)

// histogram counts durations by bucket. Each costs two atomic additions. It fits in two cache lines.
type histogram struct {
	sum    atomic.Int64
	counts [len(bounds{}) + 1]atomic.Uint64
}

func (h *histogram) observe(b *bounds, d time.Duration) {
	i := 0
	for i < len(b) && d > b[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

// tally adds up several histograms with the same bounds.
type tally struct {
	count   uint64
	sum     time.Duration
	buckets [len(bounds{}) + 1]uint64
}

func (t *tally) add(h *histogram) {
	for i := range h.counts {
		n := h.counts[i].Load()
		t.buckets[i] += n
		t.count += n
	}
	t.sum += time.Duration(h.sum.Load())
}

// metric returns the tally as a histogram of Prometheus: in seconds, and each bucket includes all below it.
func (t *tally) metric(desc *prometheus.Desc, b *bounds, labels ...string) prometheus.Metric {
	buckets := make(map[float64]uint64, len(b))
	below := uint64(0)
	for i, bound := range b {
		below += t.buckets[i]
		buckets[bound.Seconds()] = below
	}
	return prometheus.MustNewConstHistogram(desc, t.count, t.sum.Seconds(), buckets, labels...)
}
