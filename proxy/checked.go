// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// HealthReport is what is known of a task that is checked. It is immutable.
type HealthReport struct {
	Health snapshot.Health
	// Message is what the probe found that decided, for people: "GET /health: 503". It is empty while no probe has.
	Message string
	// Since is when the health became what it is, or zero while no probe has decided.
	Since time.Time
}

// checked is a task that is probed. It outlives the snapshots that check it.
type checked struct {
	id string
	// report is never nil.
	report atomic.Pointer[HealthReport]

	// What follows is the prober's, under its lock.

	check snapshot.Check
	// row is how many probes in a row came to what the last one came to.
	row         int
	lastHealthy bool
	// due is when the next probe is, and place where the task is on the agenda; notOnAgenda while it is probed.
	due     time.Duration
	place   int
	probing bool
	// round counts what is probed: the result of a probe that began in an earlier one means nothing.
	round uint32
	// adoption is the last one that had the check in it.
	adoption uint64
}

func newChecked(id string) *checked {
	t := &checked{id: id, place: notOnAgenda}
	t.report.Store(&HealthReport{})
	return t
}

// health is safe to call without the prober's lock.
func (t *checked) health() snapshot.Health { return t.report.Load().Health }

// begin makes the task one that no probe of check has been made of, and says whether its health was another.
func (t *checked) begin(check *snapshot.Check) (changed bool) {
	changed = t.health() != check.Before
	t.check, t.row = *check, 0
	t.round++
	t.report.Store(&HealthReport{Health: check.Before})
	return changed
}

// take takes in what a probe found, and says whether the report is another now. The first probe is always reported,
// even if it confirms the old health: it brings the message.
func (t *checked) take(f finding, now time.Time) (changed bool) {
	if f.healthy != t.lastHealthy {
		t.row = 0
	}
	t.row++
	t.lastHealthy = f.healthy
	to, threshold := snapshot.Unhealthy, t.check.UnhealthyThreshold
	if f.healthy {
		to, threshold = snapshot.Healthy, t.check.HealthyThreshold
	}
	switch report := t.report.Load(); {
	case report.Health == to && !report.Since.IsZero():
		return false
	case report.Health != to && t.row < threshold:
		return false
	}
	t.report.Store(&HealthReport{Health: to, Message: f.text, Since: now})
	return true
}
