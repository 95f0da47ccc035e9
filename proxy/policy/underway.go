// SPDX-License-Identifier: Apache-2.0

package policy

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

// take takes a slot for a request, unless the client has most of them already.
func (l *Limiter) take(rule uint32, client netip.Addr, most int) (slot Slot, ok bool) {
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

// underwayOf returns how many requests of a rule and client have not ended.
func (l *Limiter) underwayOf(rule uint32, client netip.Addr) int {
	slot := Slot{limiter: l, key: newLimiterKey(rule, client)}
	shard := slot.shard()
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return int(shard.counts[slot.key])
}

// Slot is what a request takes of a [ConnectionLimit]. The zero value is none.
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
