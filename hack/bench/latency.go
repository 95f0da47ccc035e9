// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"slices"
	"time"
)

// latencies has every latency of a window. Some hundred thousand fit into memory, so none is rounded to a bucket.
type latencies []time.Duration

// percentile returns the latency that this share of all does not exceed, or 0 if there is none. It sorts them.
func (l latencies) percentile(share float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	if !slices.IsSorted(l) {
		slices.Sort(l)
	}
	i := int(share*float64(len(l))+0.5) - 1
	return l[min(max(i, 0), len(l)-1)]
}

// median returns the middle one of the values, or the mean of the middle two if their number is even. It returns 0 if
// there is none.
func median[T ~int64 | ~float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
