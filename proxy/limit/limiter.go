// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"hash/maphash"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Limiter holds a token bucket for each rule and client, at most limiterEntries in all. They are in shards, each with
// its own lock. In a full shard, the bucket that was used least recently makes room for a new one.
type Limiter struct {
	seed   maphash.Seed
	shards [limiterShards]limiterShard
	// replicas is how many replicas share the limits. 0 stands for 1.
	replicas atomic.Int32
	// lastRule is the last id that a rule got.
	lastRule atomic.Uint32
	// underway are the requests that have not ended yet, of rules that bound those.
	underway underway
}

// Rate is how many requests a client may send for a rule.
type Rate struct {
	PerSecond float64
	Burst     int
	// PerReplica gives each replica the whole rate.
	PerReplica bool
}

const (
	limiterShards = 64
	// limiterEntries bounds the table. An entry costs 112 bytes and 4 to 8 bytes for its chain. While its shard grows, it
	// costs up to a quarter more, as room to grow. A full table has some 60 MB.
	limiterEntries = 512 << 10
	limiterLeast   = 16 // the entries that a shard begins with
)

// limiterKey is what requests are counted by: the rule and the client's network. The network is an IPv4 address, or the
// first half of an IPv6 address: in the second half a client has as many addresses as it likes. It has no padding.
type limiterKey struct {
	rule    uint32
	network [16]byte
}

func newLimiterKey(rule uint32, client netip.Addr) limiterKey {
	key := limiterKey{rule, client.As16()}
	if !client.Is4() && !client.Is4In6() {
		clear(key.network[8:])
	}
	return key
}

// limiterShard is a hash table without the slack of Go's maps, which would cost as much as the buckets. An entry is
// referred to by its index, which it keeps, or by noEntry.
type limiterShard struct {
	mu      sync.Mutex
	entries []limiterEntry
	// chains are the first entries of chains of entries whose hashes collide. There are at least as many as entries.
	chains []int32
	// newest and oldest are the ends of the list by last use.
	newest, oldest int32
}

type limiterEntry struct {
	key limiterKey
	// next is the next entry of the same chain.
	next         int32
	newer, older int32
	bucket       rate.Limiter
}

const noEntry = -1

// New returns the limiter of a single replica.
func New() *Limiter {
	l := &Limiter{seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].newest, l.shards[i].oldest = noEntry, noEntry
	}
	return l
}

// SetReplicas sets how many replicas share the requests, including this one.
func (l *Limiter) SetReplicas(n int) { l.replicas.Store(int32(max(1, n))) }

// NewRule returns an id that no rule had before.
func (l *Limiter) NewRule() uint32 { return l.lastRule.Add(1) }

// Allow takes a token of the client for a rule. If there is none, it returns the time until there will be one.
func (l *Limiter) Allow(rule uint32, limit *Rate, client netip.Addr, now time.Time) (ok bool, wait time.Duration) {
	key := newLimiterKey(rule, client)
	hash := l.hash(key)
	s := &l.shards[hash%limiterShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	cost := l.Cost(limit)
	burst := max(limit.Burst, cost) // A share of less than one request counts as one request.
	bucket := l.bucket(s, key, hash, limit, burst)
	if bucket.Burst() != burst {
		bucket.SetBurstAt(now, burst)
	}
	if bucket.AllowN(now, cost) {
		return true, 0
	}
	missing := float64(cost) - bucket.TokensAt(now)
	return false, time.Duration(math.Ceil(missing / limit.PerSecond * float64(time.Second)))
}

// Left returns how many requests a client may send at once for a rule, as far as is known. It changes nothing. A client
// that was never seen has a full bucket.
func (l *Limiter) Left(rule uint32, limit *Rate, client netip.Addr, now time.Time) float64 {
	key := newLimiterKey(rule, client)
	hash := l.hash(key)
	s := &l.shards[hash%limiterShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	cost := l.Cost(limit)
	tokens := float64(max(limit.Burst, cost))
	if i := s.find(key, hash); i != noEntry {
		tokens = min(tokens, s.entries[i].bucket.TokensAt(now))
	}
	return tokens / float64(cost)
}

// Cost returns how many tokens a request takes. If replicas share a limit, each has a whole bucket, and a request takes
// one token for each replica. So what a client has used still counts when their number changes, and no bucket has to be
// changed.
func (l *Limiter) Cost(limit *Rate) int {
	if limit.PerReplica {
		return 1
	}
	return max(1, int(l.replicas.Load()))
}

func (l *Limiter) hash(key limiterKey) uint64 { return maphash.Comparable(l.seed, key) }

// bucket returns the bucket of a key, a full one if the key is new, and makes it the newest.
func (l *Limiter) bucket(s *limiterShard, key limiterKey, hash uint64, limit *Rate, burst int) *rate.Limiter {
	i := s.find(key, hash)
	if i != noEntry {
		s.unlist(i)
	} else {
		i = l.vacate(s)
		e := &s.entries[i]
		e.key = key
		e.bucket = *rate.NewLimiter(rate.Limit(limit.PerSecond), burst)
		first := s.chain(hash)
		e.next, *first = *first, i
	}
	s.list(i)
	return &s.entries[i].bucket
}

// find returns the entry of a key, noEntry if there is none.
func (s *limiterShard) find(key limiterKey, hash uint64) int32 {
	if len(s.chains) == 0 {
		return noEntry
	}
	i := *s.chain(hash)
	for i != noEntry && s.entries[i].key != key {
		i = s.entries[i].next
	}
	return i
}

// chain returns the head of the chain of a hash.
func (s *limiterShard) chain(hash uint64) *int32 {
	return &s.chains[hash/limiterShards%uint64(len(s.chains))]
}

// vacate returns an entry that is on no chain and not listed: a new one, or the oldest one if the shard is full.
func (l *Limiter) vacate(s *limiterShard) int32 {
	n := len(s.entries)
	if n == limiterEntries/limiterShards {
		oldest := s.oldest
		s.unlist(oldest)
		link := s.chain(l.hash(s.entries[oldest].key))
		for *link != oldest {
			link = &s.entries[*link].next
		}
		*link = s.entries[oldest].next
		return oldest
	}
	if n == cap(s.entries) {
		grown := make([]limiterEntry, n, min(max(n+n/4, limiterLeast), limiterEntries/limiterShards))
		copy(grown, s.entries)
		s.entries = grown
	}
	s.entries = s.entries[:n+1]
	if n == len(s.chains) {
		l.rechain(s, max(2*n, limiterLeast))
	}
	return int32(n)
}

// rechain distributes all entries over n chains, except for the last, which is new.
func (l *Limiter) rechain(s *limiterShard, n int) {
	s.chains = make([]int32, n)
	for i := range s.chains {
		s.chains[i] = noEntry
	}
	for i := range s.entries[:len(s.entries)-1] {
		e := &s.entries[i]
		first := s.chain(l.hash(e.key))
		e.next, *first = *first, int32(i)
	}
}

// list makes an entry the newest of the list.
func (s *limiterShard) list(i int32) {
	e := &s.entries[i]
	e.newer, e.older = noEntry, s.newest
	if s.newest != noEntry {
		s.entries[s.newest].newer = i
	} else {
		s.oldest = i
	}
	s.newest = i
}

// unlist takes an entry out of the list.
func (s *limiterShard) unlist(i int32) {
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
