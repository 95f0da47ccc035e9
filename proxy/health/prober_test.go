// SPDX-License-Identifier: Apache-2.0

package health

import (
	"context"
	"fmt"
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
		if got := most.Load(); got != probesAtOnce {
			t.Errorf("%d probes ran at once, want %d", got, probesAtOnce)
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
