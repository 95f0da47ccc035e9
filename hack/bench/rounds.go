// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
)

// turns returns in which order n proxies are measured in a round. In n rounds each is once the first, and in the next n
// all is the other way round. So none gains from its place, nor from the one before it.
func turns(n, round int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = (i + round) % n
	}
	if round/max(n, 1)%2 == 1 {
		slices.Reverse(order)
	}
	return order
}

// ratio is how a proxy's figure compares to another's. What happens on a machine meets both within a round, so each
// round has a ratio of its own.
type ratio struct {
	rounds int
	// median is that of the rounds' ratios. spread is how far the farther of the quartiles is from it: at least half of
	// the rounds are within.
	median, spread float64
}

// compare takes the ratio within each round that both have a figure of.
func compare(results, reference []loadResult, value func(*loadResult) float64) ratio {
	var all []float64
	for i := range min(len(results), len(reference)) {
		if base := value(&reference[i]); base > 0 {
			all = append(all, value(&results[i])/base)
		}
	}
	return ratio{rounds: len(all), median: median(all), spread: spread(all)}
}

// none says that the difference is smaller than what rounds differ by.
func (r ratio) none() bool { return r.rounds > 1 && math.Abs(r.median-1) < r.spread }

// String writes the ratio as the table shows it: nothing if no round has one.
func (r ratio) String() string {
	switch {
	case r.rounds == 0:
		return ""
	case r.rounds == 1:
		return fmt.Sprintf("×%.2f", r.median)
	case r.none():
		return fmt.Sprintf("none ±%.2f", r.spread)
	}
	return fmt.Sprintf("×%.2f ±%.2f", r.median, r.spread)
}

// spread returns how far the farther quartile is from the median. Of four values or fewer, the quartiles are the
// outermost.
func spread[T ~int64 | ~float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	quarter := (len(sorted) - 1) / 4
	middle := median(sorted)
	return max(middle-sorted[quarter], sorted[len(sorted)-1-quarter]-middle)
}
