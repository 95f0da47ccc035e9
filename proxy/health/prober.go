// SPDX-License-Identifier: Apache-2.0

package health

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/transport"
)

const (
	// probesAtOnce bounds the probes that run at the same time. Each has a connection and a goroutine, or two with HTTP/2.
	// A thousand tasks that never answer, with a timeout of 1 s, hold up the others by a second.
	probesAtOnce = 512
	// probesApart is the time between the first probes of tasks that come with one snapshot. 10,000 begin within two
	// seconds.
	probesApart = 200 * time.Microsecond
	// probeJitter is the part of the interval by which a probe may be early or late. So probes that began together drift
	// apart, even on several replicas.
	probeJitter = 0.1
)

// Prober probes the tasks that the snapshot checks, each at its interval. One goroutine begins a probe whenever one is
// due.
type Prober struct {
	clock transport.Clock
	probe func(context.Context, *snapshot.Check) Finding
	// changed gets the id of each task whose report has changed, and of each that is not checked any more. It is called
	// without the lock.
	changed func(id string)
	// wake holds a token once Run may have to do something earlier than it knows.
	wake chan struct{}

	mu       sync.Mutex
	tasks    map[string]*Task
	adopted  []snapshot.Check
	adoption uint64
	agenda   agenda
	probing  int
}

// NewProber returns a prober that probes nothing until it adopts checks.
func NewProber(c transport.Clock, probe func(context.Context, *snapshot.Check) Finding, changed func(id string)) *Prober {
	return &Prober{clock: c, probe: probe, changed: changed, wake: make(chan struct{}, 1), tasks: make(map[string]*Task)}
}

// Task returns the task of an id. A new one is probed once a snapshot that checks it is adopted.
func (p *Prober) Task(id string) *Task {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tasks[id]
	if t == nil {
		t = newTask(id)
		p.tasks[id] = t
	}
	return t
}

// Report returns what is known of a task. It returns false if the task is not checked.
func (p *Prober) Report(id string) (Report, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tasks[id]
	if t == nil {
		return Report{}, false
	}
	return *t.report.Load(), true
}

// Adopt makes these checks from now on, and no others. They are sorted by id. What is known of a task stays known as
// long as its probe stays the same.
func (p *Prober) Adopt(checks []snapshot.Check) {
	for _, t := range p.replace(checks) {
		p.changed(t.id)
	}
	p.rouse()
}

// replace is the part of Adopt that needs the lock. It returns the tasks whose report has changed, and those that are
// gone.
func (p *Prober) replace(checks []snapshot.Check) (changed []*Task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tasks) == len(checks) && slices.EqualFunc(p.adopted, checks, snapshot.Check.Equal) {
		return nil
	}
	p.adopted = checks
	p.adoption++
	due := p.clock.Now()
	for i := range checks {
		c := &checks[i]
		t := p.tasks[c.ID]
		if t == nil {
			t = newTask(c.ID)
			p.tasks[c.ID] = t
		}
		t.adoption = p.adoption
		switch {
		case !t.check.SameProbe(c):
			if t.begin(c) {
				changed = append(changed, t)
			}
			t.due = due
			due += probesApart
		case t.check.Interval != c.Interval:
			t.check = *c
			t.due = min(t.due, p.clock.Now()+jittered(c.Interval))
		default:
			t.check = *c
			continue
		}
		p.plan(t)
	}
	for id, t := range p.tasks {
		if t.adoption == p.adoption {
			continue
		}
		delete(p.tasks, id)
		t.round++
		if t.place != notOnAgenda {
			p.agenda.remove(t)
		}
		changed = append(changed, t)
	}
	return changed
}

// plan puts a task on the agenda or moves it there. A task that is being probed comes back when its probe has ended.
func (p *Prober) plan(t *Task) {
	switch {
	case t.place != notOnAgenda:
		p.agenda.moved(t)
	case !t.probing:
		p.agenda.add(t)
	}
}

func (p *Prober) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run probes until ctx ends. It returns when no probe runs any more.
func (p *Prober) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		t, c, round, wait := p.begin()
		if t != nil {
			running.Go(func() {
				began := p.clock.Now()
				f := p.probe(ctx, &c)
				if ctx.Err() == nil { // otherwise it was cut short
					p.finish(t, round, began, f)
				}
			})
			continue
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-timer.C:
		}
	}
}

// begin takes the next task off the agenda, if its probe is due and may begin. Otherwise it returns nil, and how long
// to wait until then.
func (p *Prober) begin() (t *Task, c snapshot.Check, round uint32, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t = p.agenda.next()
	if t == nil || p.probing >= probesAtOnce {
		return nil, snapshot.Check{}, 0, time.Hour // or until there is a wake
	}
	if wait = t.due - p.clock.Now(); wait > 0 {
		return nil, snapshot.Check{}, 0, wait
	}
	p.agenda.remove(t)
	p.probing++
	t.probing = true
	return t, t.check, t.round, 0
}

// finish takes in what a probe found that began at the time began.
func (p *Prober) finish(t *Task, round uint32, began time.Duration, f Finding) {
	if p.conclude(t, round, began, f) {
		p.changed(t.id)
	}
	p.rouse()
}

func (p *Prober) conclude(t *Task, round uint32, began time.Duration, f Finding) (changed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.probing--
	t.probing = false
	if p.tasks[t.id] != t {
		return false
	}
	if t.round == round {
		changed = t.take(f, time.Now())
		t.due = began + jittered(t.check.Interval)
	}
	p.agenda.add(t)
	return changed
}

func jittered(interval time.Duration) time.Duration {
	return time.Duration(float64(interval) * (1 - probeJitter + 2*probeJitter*rand.Float64()))
}
