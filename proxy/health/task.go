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
	// Class is what came of the deciding probe, for everybody who may read the task. Message says what it found, for
	// operators: "GET /health: 503". Both are empty while no probe has decided.
	Class   Class
	Message string
	// Since is when the health last changed, or when the first probe decided. It is zero while no probe has.
	Since time.Time
}

// Task is a task that is probed. It outlives the snapshots that check it.
type Task struct {
	id string
	// report is never nil.
	report atomic.Pointer[Report]

	// The prober's lock guards the rest.

	check snapshot.Check
	// row is how many probes in a row had the last one's result.
	row         int
	lastHealthy bool
	// share is that of the task's namespace. It is nil until a snapshot checks the task.
	share *share
	// due is when the next probe is. place is where the task is on the agenda. It is notOnAgenda while it is probed.
	due     time.Duration
	place   int
	probing bool
	// round changes whenever something else is to be probed. The result of a probe that began in an earlier round means
	// nothing.
	round uint32
}

func newTask(id string) *Task {
	t := &Task{id: id, place: notOnAgenda}
	t.report.Store(&Report{})
	return t
}

// Health returns what is known of the health now. It takes no lock.
func (t *Task) Health() snapshot.Health { return t.report.Load().Health }

// Report returns what is known now, since when and why. It takes no lock.
func (t *Task) Report() Report { return *t.report.Load() }

// begin starts the task anew, with no probe of check made yet. It says whether that changed its health.
func (t *Task) begin(check *snapshot.Check) (changed bool) {
	changed = t.Health() != check.Before
	t.check, t.row = *check, 0
	t.round++
	t.report.Store(&Report{Health: check.Before})
	return changed
}

// take takes in what a probe found. It says whether the report has changed. The first probe is always reported, even if
// it confirms the old health: it brings the message.
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
	t.report.Store(&Report{Health: to, Class: f.Class, Message: f.Text, Since: now})
	return true
}
