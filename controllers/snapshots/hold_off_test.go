// SPDX-License-Identifier: Apache-2.0

package snapshots

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The times are those of a synctest bubble: no test waits, and none depends on how fast the machine is.
func TestEventsAreActedOnTogetherAndNotTooLate(t *testing.T) {
	const ms = time.Millisecond
	every := func(from, to, step time.Duration) (times []time.Duration) {
		for at := from; at <= to; at += step {
			times = append(times, at)
		}
		return times
	}
	tests := map[string]struct {
		// events and builds are in time since the start. A build takes buildTime.
		events    []time.Duration
		buildTime time.Duration
		builds    []time.Duration
	}{
		"nothing happens":                {},
		"one event, once no other comes": {events: []time.Duration{100 * ms}, builds: []time.Duration{120 * ms}},
		"a burst is one build":           {events: every(0, 50*ms, 10*ms), builds: []time.Duration{70 * ms}},
		"two bursts are two builds":      {events: []time.Duration{0, 5 * ms, 30 * ms, 31 * ms}, builds: []time.Duration{25 * ms, 51 * ms}},
		"a burst without end waits no longer": {
			events: every(0, 500*ms, 7*ms), builds: []time.Duration{200 * ms, 403 * ms, 517 * ms},
		},
		"an event during a build is acted on after it": {
			events: []time.Duration{0, 60 * ms}, buildTime: 100 * ms, builds: []time.Duration{20 * ms, 120 * ms},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				h := NewHoldOffOf(quietTime, waitLimit)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				for _, at := range test.events {
					time.AfterFunc(at, h.Event)
				}
				var builds []time.Duration
				for h.wait(ctx) {
					builds = append(builds, time.Since(start))
					time.Sleep(test.buildTime)
				}
				if diff := cmp.Diff(test.builds, builds); diff != "" {
					t.Errorf("builds (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestAHoldOffEndsWithItsContextWhateverIsPending(t *testing.T) {
	for name, pending := range map[string]bool{"nothing pending": false, "an event pending": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := NewHoldOffOf(time.Hour, time.Hour)
				if pending {
					h.Event()
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start := time.Now()
				if h.wait(ctx) {
					t.Error("it is time to act though the context is done")
				}
				if got := time.Since(start); got != time.Minute {
					t.Errorf("it ended after %v, want with its context after a minute", got)
				}
			})
		})
	}
}
