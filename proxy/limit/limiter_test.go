// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// noon is when a limiter's tests begin.
func noon() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) }

// never is a limit whose bucket is hardly ever refilled.
func never(burst int) *Rate { return &Rate{PerSecond: 1e-9, Burst: burst} }

// numbered returns the address number n of a range of IPv4 ones.
func numbered(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10 + byte(n>>24), byte(n >> 16), byte(n >> 8), byte(n)})
}

func (l *Limiter) size() (entries int) {
	for i := range l.shards {
		entries += len(l.shards[i].entries)
	}
	return entries
}

func TestBucketEmptiesAndFillsWithTime(t *testing.T) {
	t.Parallel()
	type step struct {
		at   time.Duration
		ok   bool
		wait time.Duration
	}
	for _, test := range []struct {
		name  string
		limit Rate
		steps []step
	}{
		{"a burst at once, then one each tenth of a second", Rate{PerSecond: 10, Burst: 3}, []step{
			{0, true, 0}, {0, true, 0}, {0, true, 0}, {0, false, 100 * time.Millisecond},
			{60 * time.Millisecond, false, 40 * time.Millisecond},
			{100 * time.Millisecond, true, 0}, {100 * time.Millisecond, false, 100 * time.Millisecond},
			{200 * time.Millisecond, true, 0},
		}},
		{"a rest fills the bucket, not more", Rate{PerSecond: 10, Burst: 2}, []step{
			{0, true, 0}, {0, true, 0},
			{time.Hour, true, 0}, {time.Hour, true, 0}, {time.Hour, false, 100 * time.Millisecond},
		}},
		{"less than one a second", Rate{PerSecond: 0.5, Burst: 1}, []step{
			{0, true, 0}, {0, false, 2 * time.Second}, {500 * time.Millisecond, false, 1500 * time.Millisecond}, {2 * time.Second, true, 0},
		}},
		{"what is refused costs nothing", Rate{PerSecond: 1, Burst: 1}, []step{
			{0, true, 0}, {0, false, time.Second}, {0, false, time.Second}, {900 * time.Millisecond, false, 100 * time.Millisecond},
			{time.Second, true, 0},
		}},
		{"a clock that is read late by another connection", Rate{PerSecond: 1, Burst: 1}, []step{
			{time.Second, true, 0}, {0, false, time.Second}, {2 * time.Second, true, 0},
		}},
		{"almost never", *never(1), []step{{0, true, 0}, {0, false, 1e18}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := New()
			for i, s := range test.steps {
				ok, wait := l.Allow(1, &test.limit, netip.MustParseAddr("192.0.2.1"), noon().Add(s.at))
				// Tokens are kept as floating-point numbers.
				if ok != s.ok || (wait-s.wait).Abs() > s.wait/1000 {
					t.Errorf("step %d, at %v: got %v and %v, want %v and %v", i, s.at, ok, wait, s.ok, s.wait)
				}
			}
		})
	}
}

func TestWhichRequestsShareABucket(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name          string
		first, second string
		otherRule     bool
		shared        bool
	}{
		{"one address", "192.0.2.1", "192.0.2.1", false, true},
		{"neighbours in IPv4", "192.0.2.1", "192.0.2.2", false, false},
		{"another rule", "192.0.2.1", "192.0.2.1", true, false},
		{"one /64", "2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", false, true},
		{"one /63", "2001:db8:1:2::1", "2001:db8:1:3::1", false, false},
		{"another rule in IPv6", "2001:db8::1", "2001:db8::1", true, false},
		{"an IPv4 address in IPv6's clothes", "192.0.2.1", "::ffff:192.0.2.1", false, true},
		{"two of them", "::ffff:192.0.2.1", "::ffff:192.0.2.2", false, false},
		{"IPv6's first /64 and IPv4", "::1", "0.0.0.1", false, false},
		{"IPv6's first /64 and a disguised address", "::", "::ffff:0.0.0.0", false, false},
		{"IPv6's end and IPv4's", "ffff:ffff:ffff:ffff::", "255.255.255.255", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, rule := New(), uint32(1)
			l.Allow(rule, never(1), netip.MustParseAddr(test.first), noon())
			if test.otherRule {
				rule = 2
			}
			if ok, _ := l.Allow(rule, never(1), netip.MustParseAddr(test.second), noon()); ok == test.shared {
				t.Errorf("%s after %s: allowed %v, want %v", test.second, test.first, ok, !test.shared)
			}
		})
	}
}

// A million addresses fill the table to its bound and no further. An address that is seen again and again stays. One
// that was not seen for a table's length begins anew. The cost of an address is measured on the whole table, while it
// grows and when it is full, so no other test may run at the same time.
func TestMillionAddressesStayWithinTheBoundAndCostLessThan150BytesEach(t *testing.T) {
	const addresses = 1_000_000
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	l, limit := New(), never(1)
	busy := netip.MustParseAddr("192.0.2.1")
	l.Allow(1, limit, busy, noon())
	for i := range addresses {
		if ok, _ := l.Allow(1, limit, numbered(i), noon()); !ok {
			t.Fatalf("address %d, which is new, was refused", i)
		}
		if i%1000 == 0 {
			if ok, _ := l.Allow(1, limit, busy, noon()); ok {
				t.Fatalf("the bucket of the busy address was forgotten after %d others", i)
			}
		}
		if i == 200_000 || i == addresses-1 {
			cost := float64(live()-before) / float64(l.size())
			t.Logf("%d entries: %.1f bytes each", l.size(), cost)
			if cost > 150 {
				t.Errorf("%d entries cost %.1f bytes each, want at most 150", l.size(), cost)
			}
		}
	}
	if got := l.size(); got != limiterEntries {
		t.Errorf("the table has %d entries, want %d", got, limiterEntries)
	}
	for i := range l.shards {
		if got := cap(l.shards[i].entries); got > limiterEntries/limiterShards {
			t.Errorf("shard %d has room for %d entries, want at most %d", i, got, limiterEntries/limiterShards)
		}
	}
	for i := addresses - 1000; i < addresses; i++ {
		if ok, _ := l.Allow(1, limit, numbered(i), noon()); ok {
			t.Errorf("the bucket of address %d, one of the last, was forgotten", i)
		}
	}
	for i := range 1000 {
		if ok, _ := l.Allow(1, limit, numbered(i), noon()); !ok {
			t.Errorf("the bucket of address %d, one of the first, was kept", i)
		}
	}
}

// Within a shard only the order of last use decides: each new address replaces the one that was idle longest.
func TestLeastRecentlyUsedMakesRoom(t *testing.T) {
	t.Parallel()
	const room = limiterEntries / limiterShards
	l, limit := New(), never(1)
	// inShard has addresses of one shard, in the order in which they come.
	var inShard []netip.Addr
	for i := 0; len(inShard) < 2*room; i++ {
		if a := numbered(i); l.hash(newLimiterKey(1, a))%limiterShards == 0 {
			inShard = append(inShard, a)
		}
	}
	first, then := inShard[:room], inShard[room:]
	for _, a := range first {
		l.Allow(1, limit, a, noon())
	}
	for i := 0; i < room; i += 2 { // every other one is used again
		l.Allow(1, limit, first[i], noon())
	}
	kept := func(addresses []netip.Addr) (n int) {
		s := &l.shards[0]
		for _, a := range addresses {
			key := newLimiterKey(1, a)
			for i := *s.chain(l.hash(key)); i != noEntry; i = s.entries[i].next {
				if s.entries[i].key == key {
					n++
				}
			}
		}
		return n
	}
	var odd, even []netip.Addr
	for i, a := range first {
		if i%2 == 0 {
			even = append(even, a)
		} else {
			odd = append(odd, a)
		}
	}
	for n, a := range then {
		l.Allow(1, limit, a, noon())
		if n != 0 && n != 99 && n != room/2-1 && n != room/2 && n != room-1 {
			continue
		}
		goneOdd := min(n+1, len(odd))
		goneEven := n + 1 - goneOdd
		got := []int{kept(odd[:goneOdd]), kept(odd[goneOdd:]), kept(even[:goneEven]), kept(even[goneEven:]), kept(then[:n+1])}
		want := []int{0, len(odd) - goneOdd, 0, len(even) - goneEven, n + 1}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after %d new addresses: unused gone, unused left, used gone, used left, new (-want +got):\n%s", n+1, diff)
		}
	}
}

// Connections that use one bucket at the same time get no more out of it than there is.
func TestManyTakeFromOneBucketAtOnce(t *testing.T) {
	t.Parallel()
	const burst, takers = 1000, 8
	l, limit := New(), never(burst)
	var passed atomic.Int64
	var working sync.WaitGroup
	for n := range takers {
		working.Go(func() {
			for i := range burst {
				if ok, _ := l.Allow(1, limit, netip.MustParseAddr("192.0.2.1"), noon()); ok {
					passed.Add(1)
				}
				l.Allow(2, limit, numbered(n*burst+i), noon()) // the table grows meanwhile
			}
		})
	}
	working.Wait()
	if got := passed.Load(); got != burst {
		t.Errorf("%d of %d requests passed, want %d", got, takers*burst, burst)
	}
}

func BenchmarkLimiter(b *testing.B) {
	for _, addresses := range []int{1, 100_000, 2 * limiterEntries} {
		b.Run(fmt.Sprintf("%d addresses", addresses), func(b *testing.B) {
			l, limit, i := New(), &Rate{PerSecond: 1, Burst: 1}, 0
			now := noon()
			for n := range addresses {
				l.Allow(1, limit, numbered(n), now)
			}
			b.ReportAllocs()
			for b.Loop() {
				l.Allow(1, limit, numbered(i%addresses), now)
				i += 7919
			}
		})
	}
}
