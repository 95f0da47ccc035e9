// SPDX-License-Identifier: Apache-2.0

package health

import (
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Report is what is known of a task that is checked. It is immutable.
type Report struct {
	Health snapshot.Health
	// Message is what the probe found that decided, for people: "GET /health: 503". It is empty while no probe has.
	Message string
	// Since is when the health became what it is, or zero while no probe has decided.
	Since time.Time
}

// Task is a task that is probed. It outlives the snapshots that check it.
type Task struct {
	id string
	// report is never nil.
	report atomic.Pointer[Report]

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

func newTask(id string) *Task {
	t := &Task{id: id, place: notOnAgenda}
	t.report.Store(&Report{})
	return t
}

// Health is what is known now. It takes no lock.
func (t *Task) Health() snapshot.Health { return t.report.Load().Health }

// Report is what is known now, and since when and why. It takes no lock.
func (t *Task) Report() Report { return *t.report.Load() }

// begin makes the task one that no probe of check has been made of, and says whether its health was another.
func (t *Task) begin(check *snapshot.Check) (changed bool) {
	changed = t.Health() != check.Before
	t.check, t.row = *check, 0
	t.round++
	t.report.Store(&Report{Health: check.Before})
	return changed
}

// take takes in what a probe found, and says whether the report is another now. The first probe is always reported,
// even if it confirms the old health: it brings the message.
func (t *Task) take(f Finding, now time.Time) (changed bool) {
	if f.Healthy != t.lastHealthy {
		t.row = 0
	}
	t.row++
	t.lastHealthy = f.Healthy
	to, threshold := snapshot.Unhealthy, t.check.UnhealthyThreshold
	if f.Healthy {
		to, threshold = snapshot.Healthy, t.check.HealthyThreshold
	}
	switch report := t.report.Load(); {
	case report.Health == to && !report.Since.IsZero():
		return false
	case report.Health != to && t.row < threshold:
		return false
	}
	t.report.Store(&Report{Health: to, Message: f.Text, Since: now})
	return true
}
