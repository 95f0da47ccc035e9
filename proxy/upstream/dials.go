// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"sync"
)

// dials are the connections to an endpoint that are being made.
type dials struct {
	mu      sync.Mutex
	last    uint64
	cancels map[uint64]context.CancelFunc
}

// join remembers how to give up a connection, until leave is called.
func (d *dials) join(cancel context.CancelFunc) (leave func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cancels == nil {
		d.cancels = make(map[uint64]context.CancelFunc)
	}
	d.last++
	number := d.last
	d.cancels[number] = cancel
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.cancels, number)
	}
}

// count returns how many connections are being made, and how many were ever begun.
func (d *dials) count() (now int, ever uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.cancels), d.last
}

// cancel gives up all connections that are being made.
func (d *dials) cancel() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, cancel := range d.cancels {
		cancel()
	}
}
