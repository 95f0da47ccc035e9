// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"slices"
	"sync/atomic"
)

// poolList is the pools of the running generation that have an endpoint, or a task that is checked. Only the goroutine
// that applies a snapshot changes it. It replaces the list as a whole, because others read it meanwhile.
type poolList struct{ pools atomic.Pointer[[]*Pool] }

func (l *poolList) add(p *Pool) { l.change(func(pools []*Pool) []*Pool { return append(pools, p) }) }

func (l *poolList) remove(p *Pool) {
	l.change(func(pools []*Pool) []*Pool {
		return slices.DeleteFunc(pools, func(other *Pool) bool { return other == p })
	})
}

func (l *poolList) change(change func([]*Pool) []*Pool) {
	pools := change(slices.Clone(l.list()))
	l.pools.Store(&pools)
}

// list returns the pools. Nobody may change the list.
func (l *poolList) list() []*Pool {
	if pools := l.pools.Load(); pools != nil {
		return *pools
	}
	return nil
}

// any says whether there is any pool.
func (l *poolList) any() bool { return len(l.list()) > 0 }

// refresh refreshes the pools.
func (l *poolList) refresh() {
	for _, p := range l.list() {
		p.refresh()
	}
}

// wake lets the requests that wait in the pools' queues look for a place.
func (l *poolList) wake() {
	for _, p := range l.list() {
		p.state.queue.wake()
	}
}
