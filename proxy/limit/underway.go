// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"net/netip"
	"sync"
)

// underway counts the requests of each rule and client that have not ended yet. It is in shards, each with its own
// lock. A pair without such requests has no entry, so that the memory is bounded by how many requests there are at
// once.
type underway [limiterShards]underwayShard

type underwayShard struct {
	mu     sync.Mutex
	counts map[limiterKey]int32
}

// Take takes a slot for a request, unless the client has most of them already.
func (l *Limiter) Take(rule uint32, client netip.Addr, most int) (slot Slot, ok bool) {
	slot = Slot{limiter: l, key: newLimiterKey(rule, client)}
	shard := slot.shard()
	shard.mu.Lock()
	defer shard.mu.Unlock()
	n := shard.counts[slot.key]
	if int(n) >= most {
		return Slot{}, false
	}
	if shard.counts == nil {
		shard.counts = make(map[limiterKey]int32)
	}
	shard.counts[slot.key] = n + 1
	return slot, true
}

// UnderWay returns how many requests of a rule and client have not ended.
func (l *Limiter) UnderWay(rule uint32, client netip.Addr) int {
	slot := Slot{limiter: l, key: newLimiterKey(rule, client)}
	shard := slot.shard()
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return int(shard.counts[slot.key])
}

// Slot is what a request takes of what its client may have under way. The zero value is none.
type Slot struct {
	limiter *Limiter // nil for none
	key     limiterKey
}

func (s *Slot) shard() *underwayShard {
	return &s.limiter.underway[s.limiter.hash(s.key)%limiterShards]
}

// Release gives the slot back. A second call does nothing.
func (s *Slot) Release() {
	if s.limiter == nil {
		return
	}
	shard := s.shard()
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if n := shard.counts[s.key]; n > 1 {
		shard.counts[s.key] = n - 1
	} else {
		delete(shard.counts, s.key)
	}
	*s = Slot{}
}

// Slots are what a request has taken of the limits of its route and of its backend.
type Slots [2]Slot

// Add adds a slot.
func (s *Slots) Add(slot Slot) {
	if s[0].limiter == nil {
		s[0] = slot
	} else {
		s[1] = slot
	}
}

// Release gives all slots back. A second call does nothing.
func (s *Slots) Release() {
	for i := range s {
		s[i].Release()
	}
}

// Pending returns how many clients have requests that have not ended, for any rule.
func (l *Limiter) Pending() (n int) {
	for i := range l.underway {
		shard := &l.underway[i]
		shard.mu.Lock()
		n += len(shard.counts)
		shard.mu.Unlock()
	}
	return n
}
