// SPDX-License-Identifier: Apache-2.0

package health

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/transport"
)

func TestProbesAreBoundedAndComeAtTheirInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most, made atomic.Int64
		p := NewProber(transport.NewClock(), func(context.Context, *snapshot.Check) Finding {
			most.Store(max(most.Load(), running.Add(1)))
			made.Add(1)
			time.Sleep(time.Second)
			running.Add(-1)
			return Finding{Healthy: true}
		}, func(string) {})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); p.Run(ctx) }()

		var checks []snapshot.Check
		for i := range 2 * probesAtOnce {
			checks = append(checks, snapshot.Check{ID: fmt.Sprintf("%06d", i), Interval: time.Minute, Timeout: time.Second, HealthyThreshold: 1, UnhealthyThreshold: 1})
		}
		p.Adopt(checks)
		time.Sleep(10*time.Minute + 30*time.Second)
		synctest.Wait()
		if got, want := most.Load(), int64(probesAtOnce-firstProbes)/2; got != want { // They are of one namespace.
			t.Errorf("%d probes ran at once, want %d", got, want)
		}
		// Each has one to begin with and one a minute. The jitter adds or takes a few.
		if got, want := made.Load(), int64(11*len(checks)); got < want*9/10 || got > want*11/10 {
			t.Errorf("%d probes in ten minutes, want about %d", got, want)
		}
		p.Adopt(nil)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		before := made.Load()
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := made.Load(); got != before {
			t.Errorf("%d probes of tasks that are not checked any more", got-before)
		}
		cancel()
		<-ended
	})
}

// tenants are namespaces whose tasks are probed, in a bubble of package synctest.
type tenants struct {
	*Prober
	// made and most count, by namespace, the probes that began and how many ran at once. late is how long a probe of a
	// namespace came after its interval at most.
	made, running, most map[string]int
	last                map[string]time.Time
	late                map[string]time.Duration
	checks              []snapshot.Check
}

// probeTenants probes the tasks that are added for a while. A probe takes as long as the check's timeout.
func probeTenants(t *testing.T, lasts time.Duration, add func(*tenants)) *tenants {
	n := &tenants{made: map[string]int{}, running: map[string]int{}, most: map[string]int{}, last: map[string]time.Time{}, late: map[string]time.Duration{}}
	var mu sync.Mutex
	n.Prober = NewProber(transport.NewClock(), func(_ context.Context, c *snapshot.Check) Finding {
		mu.Lock()
		n.made[c.Namespace]++
		n.running[c.Namespace]++
		n.most[c.Namespace] = max(n.most[c.Namespace], n.running[c.Namespace])
		if last, ok := n.last[c.ID]; ok {
			n.late[c.Namespace] = max(n.late[c.Namespace], time.Since(last)-c.Interval)
		}
		n.last[c.ID] = time.Now()
		mu.Unlock()
		time.Sleep(c.Timeout)
		mu.Lock()
		n.running[c.Namespace]--
		mu.Unlock()
		return Finding{Healthy: true}
	}, func(string) {})
	add(n)
	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	n.Adopt(n.checks)
	n.Run(ctx)
	return n
}

func (n *tenants) add(namespace string, count int, interval, timeout time.Duration) {
	for i := range count {
		n.checks = append(n.checks, snapshot.Check{ID: fmt.Sprintf("task/%s/%06d", namespace, i), Namespace: namespace, Interval: interval, Timeout: timeout,
			HealthyThreshold: 1, UnhealthyThreshold: 1})
	}
}

func TestNoNamespaceDelaysTheProbesOfAnother(t *testing.T) {
	const jitter = time.Second // a tenth of the victim's interval
	for name, test := range map[string]struct {
		add func(*tenants)
		// most bounds how many probes of the namespace a run at once, and rate how many of them begin within a second.
		most, rate int
	}{
		"one with silent tasks": {func(n *tenants) { n.add("a", 2000, time.Minute, time.Minute) }, (probesAtOnce - firstProbes) / 2, namespaceRate},
		"twenty with silent tasks": {func(n *tenants) {
			for i := range 20 {
				n.add(fmt.Sprint("c", i), 100, time.Minute, time.Minute)
			}
		}, 0, 0},
		"one with frequent probes": {func(n *tenants) { n.add("a", 10000, time.Second, time.Millisecond) }, (probesAtOnce - firstProbes) / 2, namespaceRate},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const lasts = 3*time.Minute + 5*time.Second
				n := probeTenants(t, lasts, func(n *tenants) {
					test.add(n)
					n.add("v", 1, 10*time.Second, time.Millisecond)
				})
				if n.late["v"] > jitter {
					t.Errorf("a probe of another namespace was %s late", n.late["v"])
				}
				if got := n.made["v"]; got < 17 || got > 21 {
					t.Errorf("%d probes of another namespace in %s, want about 19", got, lasts)
				}
				if n.most["a"] > test.most {
					t.Errorf("%d probes of one namespace ran at once, want at most %d", n.most["a"], test.most)
				}
				if most := test.rate*int(lasts/time.Second) + namespaceBurst + 1; n.made["a"] > most {
					t.Errorf("%d probes of one namespace in %s, want at most %d", n.made["a"], lasts, most)
				}
			})
		})
	}
}

// The same tasks under other names are the same namespace: its rate is not begun anew.
func TestANamespaceDoesNotGetMoreProbesByNewTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := probeTenants(t, time.Minute, func(n *tenants) {
			n.add("a", 2000, time.Minute, time.Millisecond)
			go func() {
				for i := range 50 {
					time.Sleep(time.Second)
					checks := make([]snapshot.Check, len(n.checks))
					for j, c := range n.checks {
						c.ID = fmt.Sprintf("%s-%d", c.ID, i)
						checks[j] = c
					}
					n.Adopt(nil)
					n.Adopt(checks)
				}
			}()
		})
		if most := namespaceRate*60 + namespaceBurst + 1; n.made["a"] > most {
			t.Errorf("%d probes in a minute, want at most %d", n.made["a"], most)
		}
	})
}
