// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// oftenTasks are probed as often as a Task may be, once a second.
	oftenTasks = 1000
	// mostProbes is how many probes of a namespace may begin within a second. mostAtOnce begin at once after a rest.
	mostProbes, mostAtOnce = 500, 1000
)

// A tenant has Tasks that are probed as often as they may be. That must not take the processor from others, nor must
// whoever is probed get more than so many requests.
func TestHealthChecksAsOftenAsTheyMayBe(t *testing.T) {
	s := newStage(t)
	var probes atomic.Int64
	probed := startChecked(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { probes.Add(1) }))
	s.create(ingressOf(s.b, "often", "often.example.com", "/"))
	s.createMany(checkedTasks(t, s.b, "often", probed, oftenTasks, time.Second))
	eventually(t, "probes", func() error {
		if n := probes.Load(); n < oftenTasks {
			return fmt.Errorf("there were %d", n)
		}
		return nil
	})
	var before int64
	s.attack("health checks as often as they may be", func(ctx context.Context) {
		before = probes.Load()
		<-ctx.Done()
	})
	seen, most := probes.Load()-before, int64(mostProbes*attackTime/time.Second+mostAtOnce)
	fmt.Printf("%-44s %d probes in %s\n", "what they led to", seen, attackTime)
	if seen < most/4 || seen > most {
		t.Errorf("%d probes came in %s: at most %d may, and fewer than %d are no attack", seen, attackTime, most, most/4)
	}
}
