// SPDX-License-Identifier: Apache-2.0

package message

import (
	"testing"
	"time"
)

func TestLeastRateIsAnAverage(t *testing.T) {
	rate := LeastRate{PerSecond: 500, Grace: 30 * time.Second}
	for _, test := range []struct {
		name   string
		rate   LeastRate
		moved  uint64
		waited time.Duration
		want   bool
	}{
		{"nothing, for less than the grace", rate, 0, 29 * time.Second, false},
		{"nothing, for as long as the grace", rate, 0, 30 * time.Second, true},
		{"just enough", rate, 15_000, 30 * time.Second, false},
		{"a byte less", rate, 14_999, 30 * time.Second, true},
		{"a burst long ago", rate, 100_000, 200 * time.Second, false},
		{"a burst too long ago", rate, 100_000, 201 * time.Second, true},
		{"no bound", LeastRate{Grace: time.Second}, 0, time.Hour, false},
	} {
		if got := test.rate.Missed(test.moved, test.waited); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

// Only the time between two looks counts, and of a long one only a part.
func TestWaitCountsTheTimeBetweenLooks(t *testing.T) {
	rate := LeastRate{PerSecond: 500, Grace: 3 * time.Second}
	var w Wait
	for i, look := range []struct {
		since time.Duration
		moved uint64
		want  bool
	}{
		{time.Hour, 1_000_000, false}, // the first look: what came before does not count
		{time.Hour, 1_000_000, false}, // counts as a second
		{time.Second, 1_000_000, false},
		{time.Second, 1_000_499, true},
		{time.Second, 1_002_000, false},
	} {
		if got := w.Add(rate, look.since, look.moved); got != look.want {
			t.Errorf("look %d: got %v, want %v", i, got, look.want)
		}
	}
}
