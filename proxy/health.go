// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"sync"

	"github.com/warren-dev/ingress/proxy/health"
)

// Health returns what the check of a task found, by the endpoint's id ("task/namespace/name"). It returns false if the
// snapshot that is served checks no such task.
func (p *Proxy) Health(id string) (health.Report, bool) { return p.prober.Report(id) }

// HealthChanges calls changed with the id of a task whenever Health says something else of it, until stop is called.
// changed must not wait.
func (p *Proxy) HealthChanges(changed func(id string)) (stop func()) { return p.observers.add(changed) }

// healthChanged refreshes the pools that have a task. Then it tells the observers.
func (p *Proxy) healthChanged(task string) {
	p.state.Refresh(task)
	p.observers.tell(task)
}

// observers want to know when something about a T changes.
type observers[T any] struct {
	mu   sync.Mutex
	last int
	all  map[int]func(T)
}

func (o *observers[T]) add(f func(T)) (stop func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all == nil {
		o.all = make(map[int]func(T))
	}
	o.last++
	number := o.last
	o.all[number] = f
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.all, number)
	}
}

func (o *observers[T]) tell(of T) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range o.all {
		f(of)
	}
}
