package proxy

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// RateLimit bounds the requests of each client on a route. The zero value is no limit.
type RateLimit struct {
	// PerSecond is how many requests a client may send in the long run.
	PerSecond float64
	// Burst is how many it may send at once after a rest, at least 1.
	Burst int
}

// limitedRule is a rate limit and the route that it limits. As long as neither changes the rule keeps its id, so
// that what clients have used up survives a new generation.
type limitedRule struct {
	ingress, host, path string
	match               PathMatch
	limit               RateLimit
}

// limitKey is what requests are counted by: an IPv4 address, or the first half of an IPv6 one, of which a client has as many
// as it likes in the second.
func limitKey(address netip.Addr) (high, low uint64) {
	a := address.As16()
	high, low = binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])
	if address.Is4() {
		return high, low
	}
	return high, 0
}

// limiter holds a token bucket for each rule and client, in shards of their own lock, at most limiterEntries in all. The
// one that was used least recently makes room for a new one.
type limiter struct {
	seed   maphash.Seed
	shards [limiterShards]limiterShard
}

const (
	limiterShards = 64
	// limiterEntries bounds the table. An entry costs about 150 bytes, so a full one some 80 MB.
	limiterEntries = 512 << 10
)

type limiterKey struct {
	high, low uint64
	rule      uint32
}

type limiterShard struct {
	mu      sync.Mutex
	index   map[limiterKey]int32
	entries []limiterEntry
	// newest and oldest are the ends of the list by last use.
	newest, oldest int32
}

type limiterEntry struct {
	key          limiterKey
	newer, older int32
	bucket       rate.Limiter
}

const noEntry = -1

func newLimiter() *limiter {
	l := &limiter{seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].newest, l.shards[i].oldest = noEntry, noEntry
	}
	return l
}

// allow takes a token of the client's for a rule. Where there is none, it says after how long there will be one.
func (l *limiter) allow(rule uint32, limit *RateLimit, client netip.Addr, now time.Time) (ok bool, wait time.Duration) {
	key := limiterKey{rule: rule}
	key.high, key.low = limitKey(client)
	s := &l.shards[maphash.Comparable(l.seed, key)%limiterShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	bucket := s.bucket(key, limit)
	if bucket.AllowN(now, 1) {
		return true, 0
	}
	missing := 1 - bucket.TokensAt(now)
	return false, time.Duration(math.Ceil(missing / limit.PerSecond * float64(time.Second)))
}

// bucket returns the bucket of a key, making it the newest.
func (s *limiterShard) bucket(key limiterKey, limit *RateLimit) *rate.Limiter {
	i, ok := s.index[key]
	switch {
	case ok:
		s.unlink(i)
	case len(s.entries) < limiterEntries/limiterShards:
		if s.index == nil {
			s.index = make(map[limiterKey]int32)
		}
		i = int32(len(s.entries))
		s.entries = append(s.entries, limiterEntry{})
	default:
		i = s.oldest
		s.unlink(i)
		delete(s.index, s.entries[i].key)
	}
	e := &s.entries[i]
	if !ok {
		s.index[key] = i
		e.key = key
		e.bucket = *rate.NewLimiter(rate.Limit(limit.PerSecond), limit.Burst)
	}
	e.newer, e.older = noEntry, s.newest
	if s.newest != noEntry {
		s.entries[s.newest].newer = i
	} else {
		s.oldest = i
	}
	s.newest = i
	return &e.bucket
}

func (s *limiterShard) unlink(i int32) {
	e := &s.entries[i]
	if e.newer != noEntry {
		s.entries[e.newer].older = e.older
	} else {
		s.newest = e.older
	}
	if e.older != noEntry {
		s.entries[e.older].newer = e.newer
	} else {
		s.oldest = e.newer
	}
}
