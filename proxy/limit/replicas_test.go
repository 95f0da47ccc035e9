// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"
)

// admitted lets a client send rate requests a second for a while, to each of the limiters in turn. It returns how many
// were allowed.
func admitted(limiters []*Limiter, limit *Rate, rate int, from time.Time, during time.Duration) (allowed int) {
	client := netip.MustParseAddr("192.0.2.1")
	count := int(during.Seconds() * float64(rate))
	for i := range count {
		at := from.Add(time.Duration(i) * during / time.Duration(count))
		if ok, _ := limiters[i%len(limiters)].Allow(1, limit, client, at); ok {
			allowed++
		}
	}
	return allowed
}

func replicated(n int) []*Limiter {
	limiters := make([]*Limiter, n)
	for i := range limiters {
		limiters[i] = New()
		limiters[i].replicas.Store(int32(n))
	}
	return limiters
}

func TestReplicasTogetherLetThroughWhatTheLimitAllows(t *testing.T) {
	t.Parallel()
	const during = 30 * time.Second
	for _, limit := range []Rate{
		{PerSecond: 10, Burst: 10}, {PerSecond: 10, Burst: 20}, {PerSecond: 10, Burst: 1}, {PerSecond: 2.5, Burst: 2}, {PerSecond: 500, Burst: 100},
	} {
		for _, n := range []int{1, 3, 5} {
			t.Run(fmt.Sprintf("%v a second, %d at once, %d replicas", limit.PerSecond, limit.Burst, n), func(t *testing.T) {
				got := admitted(replicated(n), &limit, int(10*limit.PerSecond), noon(), during)
				want := limit.PerSecond*during.Seconds() + float64(limit.Burst)
				if math.Abs(float64(got)-want) > 0.1*want {
					t.Errorf("%d requests were allowed in %v, want %v within a tenth", got, during, want)
				}
			})
		}
	}
}

func TestTheShareFollowsTheNumberOfReplicasAndWhatWasUsedStaysUsed(t *testing.T) {
	t.Parallel()
	limit := &Rate{PerSecond: 30, Burst: 30}
	l := New()
	now := noon()
	for _, step := range []struct {
		replicas int
		want     int // in ten seconds under load
	}{{1, 30 + 300}, {3, 100}, {30, 10}, {60, 5}, {1, 300}} {
		l.replicas.Store(int32(step.replicas))
		got := admitted([]*Limiter{l}, limit, 600, now, 10*time.Second)
		if got < step.want-2 || got > step.want+2 {
			t.Errorf("one of %d replicas allowed %d in ten seconds, want %d", step.replicas, got, step.want)
		}
		now = now.Add(10 * time.Second)
	}
}

func TestALimitOfEachReplicaKnowsNoOthers(t *testing.T) {
	t.Parallel()
	limit := &Rate{PerSecond: 10, Burst: 10, PerReplica: true}
	const n = 5
	got := admitted(replicated(n), limit, 500, noon(), 10*time.Second)
	if want := n * (10 + 100); got < want-n || got > want+n {
		t.Errorf("%d replicas allowed %d requests, want %d", n, got, want)
	}
}

func TestAShareIsNeverLessThanOneRequest(t *testing.T) {
	t.Parallel()
	for i, l := range replicated(5) {
		if ok, _ := l.Allow(1, never(2), netip.MustParseAddr("192.0.2.1"), noon()); !ok {
			t.Errorf("replica %d refuses the first request", i)
		}
		if ok, _ := l.Allow(1, never(2), netip.MustParseAddr("192.0.2.1"), noon()); ok {
			t.Errorf("replica %d allows a second request", i)
		}
	}
}

func TestRetryAfterCountsTheShare(t *testing.T) {
	t.Parallel()
	l := replicated(5)[0]
	limit := &Rate{PerSecond: 10, Burst: 5}
	client := netip.MustParseAddr("192.0.2.1")
	if ok, _ := l.Allow(1, limit, client, noon()); !ok {
		t.Fatal("the first request is refused")
	}
	ok, wait := l.Allow(1, limit, client, noon())
	if ok || (wait-500*time.Millisecond).Abs() > time.Millisecond {
		t.Errorf("the second request gets %t and %v, want to wait half a second", ok, wait)
	}
}
