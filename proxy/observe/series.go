// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/reason"
)

// Series counts the requests that one Ingress sends to one service. A route finds its series when it is compiled, so a
// request looks up nothing. Requests on several cores count in shards that share no cache line. A shard is made when
// its first request comes.
type Series struct {
	// ingress and service are "namespace/name". Both are empty for requests without a route.
	ingress, service string
	shards           []atomic.Pointer[seriesShard]
	// mirrored counts the copies of requests for the service. They are no requests of clients, and nothing else counts
	// them.
	mirrored [mirrorings]atomic.Uint64
	// paged counts the requests for error pages of the service, likewise.
	paged [pagings]atomic.Uint64
}

// seriesShard fills six cache lines, so that it shares none with another.
type seriesShard struct {
	outcomes outcomeCounts
	duration histogram
	upstream histogram
	_        [56]byte
}

func newSeries(ingress, service string, shards int) *Series {
	return &Series{ingress: ingress, service: service, shards: make([]atomic.Pointer[seriesShard], shards)}
}

// CountMirrored counts a copy of a request by what became of it.
func (s *Series) CountMirrored(m Mirroring) { s.mirrored[m].Add(1) }

// CountPaged counts a request for an error page by what became of it.
func (s *Series) CountPaged(p Paging) { s.paged[p].Add(1) }

func (s *Series) shard(i uint32) *seriesShard {
	p := &s.shards[i]
	if shard := p.Load(); shard != nil {
		return shard
	}
	p.CompareAndSwap(nil, new(seriesShard))
	return p.Load()
}

// outcome is a status and the reason for it.
type outcome uint32

func newOutcome(status int, why reason.Reason) outcome { return outcome(status)<<8 | outcome(why) }

func (o outcome) status() int           { return int(o >> 8) }
func (o outcome) reason() reason.Reason { return reason.Reason(o) }

// outcomeCounts counts outcomes, in the order in which they first came. Nearly all requests have the first one.
type outcomeCounts struct {
	counts [4]struct {
		outcome atomic.Uint32 // 0 while the place is free
		count   atomic.Uint64
	}
	further atomic.Pointer[outcomeCounts]
}

func (o *outcomeCounts) add(which outcome) {
	for {
		for i := range o.counts {
			c := &o.counts[i]
			has := c.outcome.Load()
			if has == 0 && !c.outcome.CompareAndSwap(0, uint32(which)) {
				has = c.outcome.Load()
			}
			if has == 0 || has == uint32(which) {
				c.count.Add(1)
				return
			}
		}
		if o.further.Load() == nil {
			o.further.CompareAndSwap(nil, new(outcomeCounts))
		}
		o = o.further.Load()
	}
}

// collect adds its counts to counts.
func (o *outcomeCounts) collect(counts map[outcome]uint64) {
	for ; o != nil; o = o.further.Load() {
		for i := range o.counts {
			if which := outcome(o.counts[i].outcome.Load()); which != 0 {
				counts[which] += o.counts[i].count.Load()
			}
		}
	}
}

// count counts a request that ended. upstream is how long the service took to answer. It is negative if the service was
// not asked.
func (s *seriesShard) count(which outcome, duration, upstream time.Duration) {
	s.outcomes.add(which)
	s.duration.observe(&latencyBounds, duration)
	if upstream >= 0 {
		s.upstream.observe(&latencyBounds, upstream)
	}
}
