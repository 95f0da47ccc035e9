// SPDX-License-Identifier: Apache-2.0

package live

import (
	"net/netip"
	"sync"
	"time"

	"github.com/warren-dev/ingress/proxy/observe"
)

const (
	// window is how long requests are counted before those before are forgotten.
	window = 10 * time.Second
	// countRest is how long requests are counted after somebody asked for the counts.
	countRest = 30 * time.Second
	// keysMost bounds the routes and endpoints that are told apart in a window.
	keysMost = 10_000
)

// Traffic is what a route sent to an endpoint.
type Traffic struct {
	// Route is nil for requests that no rule has.
	Route *observe.RouteNames
	// Host is that of one of the requests.
	Host string
	// Endpoint is the last that was tried. It is the zero value if none was.
	Endpoint netip.AddrPort
	Requests uint64
	// Errors are those of the requests that ended with a status of 500 and above.
	Errors uint64
	// Durations are like [observe.Totals.Durations].
	Durations [15]uint64
}

type trafficKey struct {
	route    *observe.RouteNames
	endpoint netip.AddrPort
}

// traffics are sums by route and endpoint.
type traffics map[trafficKey]*Traffic

// include adds what others have, as long as there are no more than so many sums.
func (m traffics) include(others traffics, most int) {
	for key, t := range others {
		sum := m[key]
		if sum == nil {
			if len(m) >= most {
				continue
			}
			sum = &Traffic{Route: t.Route, Host: t.Host, Endpoint: t.Endpoint}
			m[key] = sum
		}
		sum.Requests += t.Requests
		sum.Errors += t.Errors
		for i, n := range t.Durations {
			sum.Durations[i] += n
		}
	}
}

// counts count requests in two windows: the present one and the one before.
type counts struct {
	bounds []time.Duration

	mu sync.Mutex // guards fresh. Requests that end wait for it, so nobody adds up anything meanwhile.
	// fresh is what was counted since somebody read.
	fresh traffics

	reading sync.Mutex // guards what follows
	// before is the window before the present one. Nil if there was none.
	before, present traffics
	// began is when the first of the two began, and turned when the present one did.
	began, turned time.Time
}

func newCounts(now time.Time) *counts {
	return &counts{bounds: observe.LatencyBounds(), fresh: make(traffics), present: make(traffics), began: now, turned: now}
}

// add counts a request.
func (c *counts) add(r *observe.Record) {
	key := trafficKey{route: r.Route}
	if n := len(r.Attempts); n > 0 {
		key.endpoint = r.Attempts[n-1].Address
	}
	bucket := 0
	for took := r.Ended - r.Started; bucket < len(c.bounds) && took > c.bounds[bucket]; bucket++ {
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.fresh[key]
	if t == nil {
		if len(c.fresh) >= keysMost {
			return
		}
		t = &Traffic{Route: r.Route, Endpoint: key.endpoint}
		if r.Route != nil {
			t.Host = string(r.Host)
		}
		c.fresh[key] = t
	}
	t.Requests++
	if r.Status >= 500 {
		t.Errors++
	}
	t.Durations[bucket]++
}

// read returns what was counted in the last two windows, and the time that is.
func (c *counts) read(now time.Time) (list []Traffic, over time.Duration) {
	c.reading.Lock()
	defer c.reading.Unlock()
	next := make(traffics)
	c.mu.Lock()
	fresh := c.fresh
	c.fresh = next
	c.mu.Unlock()
	c.present.include(fresh, keysMost)
	all := make(traffics, len(c.present))
	all.include(c.before, keysMost)
	all.include(c.present, 2*keysMost)
	for _, t := range all {
		list = append(list, *t)
	}
	over = now.Sub(c.began)
	if now.Sub(c.turned) >= window {
		c.before, c.began = c.present, c.turned
		c.present, c.turned = make(traffics), now
	}
	return list, over
}

// Traffic returns what routes sent to endpoints in the last seconds, and over what time it was counted. The counting
// begins when somebody asks, and ends when nobody has asked for a while.
func (q *Requests) Traffic() (list []Traffic, over time.Duration) {
	now := time.Now()
	q.mu.Lock()
	c := q.counts.Load()
	if c == nil {
		c = newCounts(now)
		q.counts.Store(c)
		q.retap()
	}
	if q.rest == nil {
		q.rest = time.AfterFunc(countRest, q.stopCounting)
	}
	q.rest.Reset(countRest)
	q.mu.Unlock()
	return c.read(now)
}

func (q *Requests) stopCounting() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.counts.Store(nil)
	q.retap()
}
