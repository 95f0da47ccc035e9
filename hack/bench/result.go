// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"time"
)

// perSecond returns the throughput in requests per second.
func (r *loadResult) perSecond() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Answered) / r.Elapsed.Seconds()
}

// cpuPerRequest returns what the proxy used for one request.
func (r *loadResult) cpuPerRequest() time.Duration {
	if r.Answered == 0 {
		return 0
	}
	return r.CPU / time.Duration(r.Answered)
}

// busy returns the share of the time in which the proxy ran. It is 1 if the proxy's core limits the throughput.
func (r *loadResult) busy() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return r.CPU.Seconds() / r.Elapsed.Seconds()
}

// memoryAbove returns what the proxy needs for what is open, beyond what it needs for nothing.
func (r *loadResult) memoryAbove() int64 { return r.Memory - r.MemoryBefore }

// tolerable is a disturbance that shows in no figure. The kernel's own threads stay below it. So does the difference
// between the kernel's two ways to count: it samples what a core does, and measures what a process uses.
const tolerable = 0.1

// disturbance returns what other programs used, as a share of one core.
func (r *loadResult) disturbance() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return r.Others.Seconds() / r.Elapsed.Seconds()
}

func (r *loadResult) summary() string {
	text := fmt.Sprintf("%s µs of CPU a request, %.0f requests/s, p99 %s µs, %s MB",
		microseconds(r.cpuPerRequest()), r.perSecond(), microseconds(r.P99), megabytes(r.Memory))
	if r.disturbance() > tolerable {
		text += fmt.Sprintf("; DISTURBED: other programs used %.0f%% of a core", 100*r.disturbance())
	}
	if r.Failed > 0 {
		text += fmt.Sprintf("; %d failed: %s", r.Failed, r.FirstFailure)
	}
	return text
}

// figures are the medians of a cell's results. Each is computed by itself.
type figures struct {
	cpu                  time.Duration
	perSecond            float64
	p50, p99, p999       time.Duration
	memory, memoryBefore int64
	// memoryAbove is what memory exceeds memoryBefore by, in all and for each connection that answered.
	memoryAbove, memoryForEach int64
	busy                       float64
	// spread is how far the farther quartile of the rounds' CPU is from the median, as a share of that.
	spread float64
	// others is the disturbance.
	others float64
	// wrong and calmP99 are explained at loadResult. flooded is what p99 with wrong passwords is of that without.
	wrong   float64
	calmP99 time.Duration
	flooded ratio
	// failed counts the failed requests of all rounds.
	failed int
}

func (c *cell) figures() figures {
	f := figures{
		cpu:           medianOf(c.results, (*loadResult).cpuPerRequest),
		perSecond:     medianOf(c.results, (*loadResult).perSecond),
		p50:           medianOf(c.results, func(r *loadResult) time.Duration { return r.P50 }),
		p99:           medianOf(c.results, func(r *loadResult) time.Duration { return r.P99 }),
		p999:          medianOf(c.results, func(r *loadResult) time.Duration { return r.P999 }),
		memory:        medianOf(c.results, func(r *loadResult) int64 { return r.Memory }),
		memoryBefore:  medianOf(c.results, func(r *loadResult) int64 { return r.MemoryBefore }),
		memoryAbove:   medianOf(c.results, (*loadResult).memoryAbove),
		memoryForEach: medianOf(c.results, func(r *loadResult) int64 { return r.memoryAbove() / int64(max(1, r.Answered)) }),
		busy:          medianOf(c.results, (*loadResult).busy),
		others:        medianOf(c.results, (*loadResult).disturbance),
	}
	f.wrong = medianOf(c.results, func(r *loadResult) float64 { return r.Wrong })
	f.calmP99 = medianOf(c.results, func(r *loadResult) time.Duration { return r.CalmP99 })
	f.flooded = c.flooded()
	var all []time.Duration
	for i := range c.results {
		all = append(all, c.results[i].cpuPerRequest())
		f.failed += c.results[i].Failed
	}
	if f.cpu > 0 {
		f.spread = float64(spread(all)) / float64(f.cpu)
	}
	return f
}

// flooded compares p99 with wrong passwords to p99 without, which were measured one after the other.
func (c *cell) flooded() ratio {
	p99 := func(r *loadResult) float64 { return float64(r.P99) }
	calm := make([]loadResult, 0, len(c.results))
	for i := range c.results {
		calm = append(calm, loadResult{P99: c.results[i].CalmP99})
	}
	return compare(c.results, calm, p99)
}

func medianOf[T ~int64 | ~float64](results []loadResult, value func(*loadResult) T) T {
	values := make([]T, 0, len(results))
	for i := range results {
		values = append(values, value(&results[i]))
	}
	return median(values)
}

// microseconds writes d with three digits, or with more before the point.
func microseconds(d time.Duration) string {
	us := float64(d) / float64(time.Microsecond)
	switch {
	case us < 10:
		return fmt.Sprintf("%.2f", us)
	case us < 100:
		return fmt.Sprintf("%.1f", us)
	}
	return fmt.Sprintf("%.0f", us)
}

// megabytes writes bytes in millions.
func megabytes(bytes int64) string { return fmt.Sprintf("%.1f", float64(bytes)/1e6) }
