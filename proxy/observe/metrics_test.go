// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/transport"
)

// An endpoint chooses the status. Each is counted, however many there are, and whoever counts at the same time.
func TestOutcomesOfAllStatusesAreCountedFromAllSides(t *testing.T) {
	t.Parallel()
	var counts outcomeCounts
	var counting sync.WaitGroup
	const goroutines, rounds = 8, 50
	for range goroutines {
		counting.Go(func() {
			for range rounds {
				for status := 200; status < 600; status++ {
					counts.add(newOutcome(status, reason.None))
				}
			}
		})
	}
	counting.Wait()
	got := make(map[outcome]uint64)
	counts.collect(got)
	for status := 200; status < 600; status++ {
		if n := got[newOutcome(status, reason.None)]; n != goroutines*rounds {
			t.Fatalf("status %d was counted %d times, want %d", status, n, goroutines*rounds)
		}
	}
	if len(got) != 400 {
		t.Errorf("%d outcomes, want 400", len(got))
	}
}

func TestHistogramPutsEachDurationIntoItsBucket(t *testing.T) {
	t.Parallel()
	var h histogram
	for _, bound := range latencyBounds {
		h.observe(&latencyBounds, bound)
		h.observe(&latencyBounds, bound+1)
	}
	var got tally
	got.add(&h)
	want := slices.Repeat([]uint64{2}, len(got.buckets))
	want[0], want[len(want)-1] = 1, 1
	if diff := cmp.Diff(want, got.buckets[:]); diff != "" {
		t.Errorf("buckets (-want +got):\n%s", diff)
	}
	var m dto.Metric
	if err := got.metric(prometheus.NewDesc("x", "", nil, nil), &latencyBounds).Write(&m); err != nil {
		t.Fatal(err)
	}
	last := m.GetHistogram().GetBucket()[len(latencyBounds)-1]
	if last.GetUpperBound() != 10 || last.GetCumulativeCount() != 27 || m.GetHistogram().GetSampleCount() != 28 {
		t.Errorf("%d up to %v and %d in all, want 27 up to 10 and 28", last.GetCumulativeCount(), last.GetUpperBound(), m.GetHistogram().GetSampleCount())
	}
}

func TestWhatNothingUsesIsCountedAnew(t *testing.T) {
	t.Parallel()
	m := NewMetrics()
	shop, blog := m.Series("default/shop", "default/web"), m.Series("default/blog", "default/web")
	m.Settle(slices.Values([]*Series{shop, shop, blog}), slices.Values([]*Series{shop, blog}))
	m.Settle(slices.Values([]*Series(nil)), slices.Values([]*Series(nil)))
	if m.Series("default/shop", "default/web") != shop {
		t.Error("a series that is used is another one")
	}
	if m.Series("default/blog", "default/web") == blog {
		t.Error("a series that nothing uses is still there")
	}
}

// BenchmarkCountRequest measures what counting a request costs, without the two more looks at the clock that it takes.
func BenchmarkCountRequest(b *testing.B) {
	m := NewMetrics()
	r := Record{
		Series: m.Series("default/shop", "default/b"), Status: 200,
		Started: 1, Chosen: 1 + 2*time.Microsecond, Answered: 200 * time.Microsecond, Ended: 210 * time.Microsecond,
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Count(&r)
	}
}

func BenchmarkClock(b *testing.B) {
	c := transport.NewClock()
	for b.Loop() {
		c.Now()
	}
}
