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
	// probesAtOnce bounds the probes that run at the same time. Each has a connection and a goroutine, or two with
	// HTTP/2. firstProbes of these places are for the first probe of a namespace. Of the others a namespace has no more
	// than are free: one that takes all that it can leaves half of them, and a second one half of those. A place that
	// becomes free is for the namespace that has the fewest.
	probesAtOnce = 512
	firstProbes  = 64
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

	mu    sync.Mutex
	tasks map[string]*Task
	// adopted are the checks that are made. They are sorted by id. unsure are the ids of tasks that were made and may not
	// be among them.
	adopted []snapshot.Check
	unsure  []string
	// shares are those of all namespaces. order has those that may begin a probe, and held those that have no place left.
	shares  map[string]*share
	order   order
	held    []*share
	probing int
}

// NewProber returns a prober that probes nothing until it adopts checks.
func NewProber(c transport.Clock, probe func(context.Context, *snapshot.Check) Finding, changed func(id string)) *Prober {
	return &Prober{clock: c, probe: probe, changed: changed, wake: make(chan struct{}, 1), tasks: make(map[string]*Task),
		shares: make(map[string]*share)}
}

// Task returns the task of an id. A new one is probed once a snapshot that checks it is adopted.
func (p *Prober) Task(id string) *Task {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tasks[id]
	if t == nil {
		t = newTask(id)
		p.tasks[id] = t
		p.unsure = append(p.unsure, id)
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
// gone. It looks at the checks that differ.
func (p *Prober) replace(checks []snapshot.Check) (changed []*Task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	changes, _ := snapshot.CompareChecks(p.adopted, checks) // They were inspected.
	p.adopted = checks
	due := p.clock.Now()
	for i := range changes {
		c := changes[i].After
		if c == nil {
			changed = append(changed, p.forget(p.tasks[changes[i].Before.ID]))
			continue
		}
		t := p.tasks[c.ID]
		if t == nil {
			t = newTask(c.ID)
			p.tasks[c.ID] = t
		}
		p.assign(t, c.Namespace)
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
	for _, id := range p.unsure {
		if t := p.tasks[id]; t != nil && t.share == nil { // No check has it.
			changed = append(changed, p.forget(t))
		}
	}
	p.unsure = nil
	if len(changes) == 0 {
		return changed
	}
	for namespace, s := range p.shares {
		if s.idle(p.clock.Now()) {
			delete(p.shares, namespace)
		}
	}
	return changed
}

// forget forgets a task that is not checked any more.
func (p *Prober) forget(t *Task) *Task {
	delete(p.tasks, t.id)
	t.round++
	p.takeOff(t)
	return t
}

// assign has a task count in the share of its namespace. The namespace of a task does not change, but a task is new.
func (p *Prober) assign(t *Task, namespace string) {
	if t.share != nil {
		return
	}
	s := p.shares[namespace]
	if s == nil {
		s = newShare(namespace)
		p.shares[namespace] = s
	}
	t.share = s
}

// takeOff takes a task off the agenda, if it is there.
func (p *Prober) takeOff(t *Task) {
	if t.place != notOnAgenda {
		t.share.waiting.remove(t)
		p.order.changed(t.share)
	}
}

// plan puts a task on the agenda or moves it there. A task that is being probed comes back when its probe has ended.
func (p *Prober) plan(t *Task) {
	switch {
	case t.place != notOnAgenda:
		t.share.waiting.moved(t)
	case !t.probing:
		t.share.waiting.add(t)
	}
	p.order.changed(t.share)
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

// begin takes the next task off its agenda, if its probe is due and may begin. Otherwise it returns nil, and how long
// to wait until then.
func (p *Prober) begin() (t *Task, c snapshot.Check, round uint32, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, free := p.clock.Now(), probesAtOnce-p.probing
	for {
		s := p.order.first()
		if s == nil || s.next() > now {
			if p.unhold(free) {
				continue
			}
			if s == nil {
				return nil, snapshot.Check{}, 0, time.Hour // or until there is a wake
			}
			return nil, snapshot.Check{}, 0, s.next() - now
		}
		if !s.mayBegin(free) {
			s.held, p.held = true, append(p.held, s)
			p.order.changed(s)
			continue
		}
		t = s.waiting.next()
		s.waiting.remove(t)
		s.begin(now)
		p.order.changed(s)
		p.probing++
		t.probing = true
		return t, t.check, t.round, 0
	}
}

// unhold has the held share with the fewest probes begin another, if so many places are free that it may. It returns
// false if there is none.
func (p *Prober) unhold(free int) bool {
	least := -1
	for i, s := range p.held {
		if s.mayBegin(free) && (least < 0 || s.probing < p.held[least].probing) {
			least = i
		}
	}
	if least < 0 {
		return false
	}
	s := p.held[least]
	s.held, p.held = false, slices.Delete(p.held, least, least+1)
	p.order.changed(s)
	return true
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
	t.share.probing--
	t.probing = false
	if p.tasks[t.id] != t {
		return false
	}
	if t.round == round {
		changed = t.take(f, time.Now())
		t.due = began + jittered(t.check.Interval)
	}
	p.plan(t)
	return changed
}

func jittered(interval time.Duration) time.Duration {
	return time.Duration(float64(interval) * (1 - probeJitter + 2*probeJitter*rand.Float64()))
}
