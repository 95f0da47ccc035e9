// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"sync"
	"time"

	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/reason"
)

const (
	// historyStep is how often it is noted what requests came to, and historySteps how many steps are kept: 15 minutes.
	historyStep  = 10 * time.Second
	historySteps = 90
)

// history has what requests came to at the steps of the last 15 minutes. It takes the same memory always.
type history struct {
	mu     sync.Mutex
	points [historySteps + 1]historyPoint
	// count is how many points were added ever. The newest is at (count-1) modulo their number.
	count int
}

type historyPoint struct {
	at     time.Time
	totals observe.Totals
}

func (h *history) add(at time.Time, t observe.Totals) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.points[h.count%len(h.points)] = historyPoint{at, t}
	h.count++
}

// all returns the points, the oldest first. Whoever compares them with what requests come to now asks for them first:
// then no point has more.
func (h *history) all() []historyPoint {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := min(h.count, len(h.points))
	list := make([]historyPoint, 0, n+1)
	for i := h.count - n; i < h.count; i++ {
		list = append(list, h.points[i%len(h.points)])
	}
	return list
}

// Period is what requests came to in a time.
type Period struct {
	// At is its end, and Seconds how long it is.
	At       time.Time `json:"at"`
	Seconds  float64   `json:"seconds"`
	Requests uint64    `json:"requests"`
	// Errors are those of the requests that the proxy answered with a status of 400 and above, or a service with one of
	// 500 and above.
	Errors uint64 `json:"errors"`
	// P50 and P99 are what half, and all but a hundredth, of the requests took at most. They are 0 without requests.
	P50 float64 `json:"p50Seconds"`
	P99 float64 `json:"p99Seconds"`
}

// ReasonCount is how often requests went wrong for a reason.
type ReasonCount struct {
	// Reason is empty for the answers of services.
	Reason string `json:"reason"`
	// Status is that of the reason. It is 500 for the answers of services, whose status is that or above.
	Status   int    `json:"status"`
	Text     string `json:"text"`
	Requests uint64 `json:"requests"`
	// Steps are the same by [History.Periods].
	Steps []uint64 `json:"steps"`
}

// History is what requests came to in the last 15 minutes, or since the replica began.
type History struct {
	// Periods are steps of ten seconds, the oldest first. The last one goes on.
	Periods []Period `json:"periods"`
	// Reasons are those that requests went wrong for, the most frequent first.
	Reasons []ReasonCount `json:"reasons"`
}

// isError says whether requests that end for a reason went wrong.
func isError(r reason.Reason) bool { return r.Status() >= 400 }

// periodOf returns what came between two points.
func periodOf(from, to *historyPoint) Period {
	p := Period{At: to.at.UTC(), Seconds: to.at.Sub(from.at).Seconds(), Requests: to.totals.Requests - from.totals.Requests,
		Errors: to.totals.ServiceErrors - from.totals.ServiceErrors}
	for r := range reason.Count {
		if isError(r) {
			p.Errors += to.totals.Reasons[r] - from.totals.Reasons[r]
		}
	}
	var took durations
	for i := range took {
		took[i] = to.totals.Durations[i] - from.totals.Durations[i]
	}
	p.P50, p.P99 = took.quantile(0.5), took.quantile(0.99)
	return p
}

// durations counts requests by how long they took, like [observe.Totals.Durations].
type durations [15]uint64

// quantile returns what a part of the requests took at most, in seconds. Within a bucket it takes them for evenly
// spread.
func (d *durations) quantile(part float64) float64 {
	sum := uint64(0)
	for _, n := range d {
		sum += n
	}
	if sum == 0 {
		return 0
	}
	bounds, rank, below := observe.LatencyBounds(), part*float64(sum), uint64(0)
	for i, n := range d {
		if float64(below+n) >= rank && n > 0 {
			lower := 0.0
			if i > 0 {
				lower = bounds[i-1].Seconds()
			}
			if i == len(bounds) {
				return lower // There is no upper bound.
			}
			return lower + (bounds[i].Seconds()-lower)*(rank-float64(below))/float64(n)
		}
		below += n
	}
	return bounds[len(bounds)-1].Seconds()
}

// reportOf returns the history that points are of, the oldest first.
func reportOf(points []historyPoint) History {
	report := History{Periods: make([]Period, 0, len(points)-1), Reasons: []ReasonCount{}}
	for i := 1; i < len(points); i++ {
		report.Periods = append(report.Periods, periodOf(&points[i-1], &points[i]))
	}
	note := func(c ReasonCount, counted func(*observe.Totals) uint64) {
		for i := 1; i < len(points); i++ {
			n := counted(&points[i].totals) - counted(&points[i-1].totals)
			c.Steps = append(c.Steps, n)
			c.Requests += n
		}
		if c.Requests > 0 {
			report.Reasons = append(report.Reasons, c)
		}
	}
	note(ReasonCount{Status: 500, Text: "the service itself answered with an error"}, func(t *observe.Totals) uint64 { return t.ServiceErrors })
	for r := range reason.Count {
		if isError(r) {
			note(ReasonCount{Reason: r.String(), Status: r.Status(), Text: r.Text()}, func(t *observe.Totals) uint64 { return t.Reasons[r] })
		}
	}
	return report
}
