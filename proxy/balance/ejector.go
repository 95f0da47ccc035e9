// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/transport"
)

const (
	// ejectAfter is how many requests in a row an endpoint must fail at to be set aside.
	ejectAfter = 3
	// An endpoint that is set aside for the nth time is for n times ejectionBase, and no longer than ejectionLimit. For
	// each ejectionDecay that it was in service since, n is one less.
	ejectionBase  = 5 * time.Second
	ejectionLimit = time.Minute
	ejectionDecay = time.Minute
)

// conduct is how an endpoint has been treating requests. A request that succeeds reads one word of it.
type conduct struct {
	// failures counts those in a row.
	failures atomic.Uint32
	// ejected is since when it has been set aside, by the proxy's clock, or 0.
	ejected atomic.Int64

	// What follows is the ejector's, under its lock: how often it was set aside lately, until when, and when it came back.

	times           int
	until, returned time.Duration
}

// succeeded notes that the endpoint answered a request, whatever its status.
func (c *conduct) succeeded() {
	if c.failures.Load() != 0 {
		c.failures.Store(0)
	}
}

// failed notes that it took no connection or gave no answer, and says whether it should be set aside.
func (c *conduct) failed() bool { return c.failures.Add(1) >= ejectAfter && c.ejected.Load() == 0 }

// Ejector sets endpoints aside that fail at requests, and brings them back. How many of a pool may be missing, the
// pool decides.
type Ejector struct {
	clock transport.Clock
	// Wake holds a token while there are endpoints in fresh. To refresh the pools of an endpoint may take milliseconds,
	// where there is a ring of a thousand endpoints to make, and no request is to wait for that.
	Wake chan struct{}

	mu sync.Mutex
	// out are the endpoints that are set aside, fresh those of them whose pools have to be refreshed yet.
	out, fresh []*Target
}

// NewEjector returns one that has set nothing aside. Whoever runs it calls Settle when Wake has a token, and Restore
// now and then.
func NewEjector(c transport.Clock) *Ejector {
	return &Ejector{clock: c, Wake: make(chan struct{}, 1)}
}

// Failed notes a request's failure at an endpoint. Only the one that sets the endpoint aside takes a lock.
func (j *Ejector) Failed(e *Target) {
	if e.conduct.failed() && j.eject(e) {
		select {
		case j.Wake <- struct{}{}:
		default:
		}
	}
}

// Settle has the pools of those that were set aside go without them.
func (j *Ejector) Settle() {
	j.mu.Lock()
	fresh := j.fresh
	j.fresh = nil
	j.mu.Unlock()
	for _, e := range fresh {
		e.pools.refresh()
	}
}

func (j *Ejector) eject(e *Target) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := &e.conduct
	if c.ejected.Load() != 0 {
		return false
	}
	now := max(j.clock.Now(), 1)
	c.times = max(0, c.times-int((now-c.returned)/ejectionDecay)) + 1
	c.until = now + min(time.Duration(c.times)*ejectionBase, ejectionLimit)
	c.ejected.Store(int64(now))
	j.out, j.fresh = append(j.out, e), append(j.fresh, e)
	return true
}

// Restore brings back the endpoints whose time is over by now. The next request that fails at one sets it aside again,
// for longer; the next one that succeeds gives it back its full credit.
func (j *Ejector) Restore(now time.Duration) {
	for _, e := range j.due(now) {
		e.pools.refresh()
	}
}

func (j *Ejector) due(now time.Duration) (due []*Target) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.out = slices.DeleteFunc(j.out, func(e *Target) bool {
		if now < e.conduct.until {
			return false
		}
		e.conduct.failures.Store(ejectAfter - 1)
		e.conduct.returned = now
		e.conduct.ejected.Store(0)
		due = append(due, e)
		return true
	})
	return due
}
