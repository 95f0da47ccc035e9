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
	// ejectAfter is how many requests in a row have to fail at an endpoint before it is set aside.
	ejectAfter = 3
	// When an endpoint is set aside for the nth time, it stays aside for n times ejectionBase, but no longer than
	// ejectionLimit. Each ejectionDecay in service since then takes one off n.
	ejectionBase  = 5 * time.Second
	ejectionLimit = time.Minute
	ejectionDecay = time.Minute
)

// conduct is how an endpoint has been treating requests. A request that succeeds reads two words of it.
type conduct struct {
	// failures counts the requests in a row that failed.
	failures atomic.Uint32
	// ejected is since when the endpoint has been set aside, by the proxy's clock. 0 if it is not.
	ejected atomic.Int64
	// answered is when the endpoint last answered a request, by the proxy's clock, or up to answeredStep earlier.
	answered atomic.Int64

	// The rest is guarded by the ejector's lock: how often the endpoint was set aside lately, until when, and when it came
	// back.

	times           int
	until, returned time.Duration
}

// answeredStep is how old the note of an endpoint's last answer may be before it is made anew. Were it made for each
// answer, the cores that serve an endpoint's requests would take its cache line from each other each time.
const answeredStep = 10 * time.Millisecond

// succeeded notes that the endpoint answered a request at now, whatever its status.
func (c *conduct) succeeded(now time.Duration) {
	if c.failures.Load() != 0 {
		c.failures.Store(0)
	}
	if at := time.Duration(c.answered.Load()); at == 0 || now-at >= answeredStep {
		c.answered.Store(int64(now))
	}
}

// answeredAfter says whether the endpoint answered a request after since, as far as the notes tell.
func (c *conduct) answeredAfter(since time.Duration) bool {
	at := time.Duration(c.answered.Load())
	return at > 0 && at+answeredStep > since
}

// failed notes that the endpoint took no connection or gave no answer. It says whether the endpoint should be set
// aside.
func (c *conduct) failed() bool { return c.failures.Add(1) >= ejectAfter && c.ejected.Load() == 0 }

// Ejector sets aside endpoints that fail at requests, and brings them back. The pool decides how many of its members
// may be missing.
type Ejector struct {
	clock transport.Clock
	// Wake holds a token while there are endpoints in fresh. Refreshing their pools may take milliseconds, if a ring of a
	// thousand endpoints is made. No request should wait for that.
	Wake chan struct{}

	mu sync.Mutex
	// out are the endpoints that are set aside. fresh are those of them whose pools have not been refreshed yet.
	out, fresh []*Target
}

// NewEjector returns an ejector that has set nothing aside. Its owner calls Settle when Wake has a token, and Restore
// now and then.
func NewEjector(c transport.Clock) *Ejector {
	return &Ejector{clock: c, Wake: make(chan struct{}, 1)}
}

// Failed notes that a request failed at an endpoint. Only the failure that sets the endpoint aside takes a lock.
func (j *Ejector) Failed(e *Target) {
	if e.conduct.failed() && j.eject(e) {
		select {
		case j.Wake <- struct{}{}:
		default:
		}
	}
}

// TimedOut notes that an endpoint was silent about a request that it got at since. That is its failure only if it was
// silent about all others too: whoever answers others is there, and the request asks for what takes long.
func (j *Ejector) TimedOut(e *Target, since time.Duration) {
	if !e.conduct.answeredAfter(since) {
		j.Failed(e)
	}
}

// Settle refreshes the pools of the endpoints that were set aside, so that they go without them.
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

// Restore brings back the endpoints whose time is over at now. If the next request fails at one, that sets it aside
// again, for longer. If the next one succeeds, the endpoint may fail as often as before.
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
