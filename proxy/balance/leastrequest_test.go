// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"math"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// While nothing is under way anywhere, the members take turns by weight. The random choice changes nothing.
func TestLeastRequestSharesByWeightWhileNothingIsUnderWay(t *testing.T) {
	t.Parallel()
	const picks = 30_000
	p := balanced(t, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 2}, snapshot.Endpoint{Weight: 7})
	got := map[int]int{}
	for range picks {
		got[number(p.pick(snapshot.LeastRequest, Choice{}))]++
	}
	for i, share := range map[int]float64{1: .1, 2: .2, 3: .7} {
		if off := math.Abs(float64(got[i])/picks - share); off > .01*share {
			t.Errorf("endpoint %d took %d of %d, want %.0f %% ± 1 %%", i, got[i], picks, 100*share)
		}
	}
}

// A slow endpoint keeps its requests for longer, and so gets fewer.
func TestLeastRequestSendsLessToASlowEndpoint(t *testing.T) {
	t.Parallel()
	const slow, rounds = 10, 10_000
	p := balanced(t, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 1})
	got := map[int]int{}
	var ends [slow][]Hold // what ends in each of the next rounds
	for round := range rounds {
		for _, h := range ends[round%slow] {
			h.Release()
		}
		ends[round%slow] = nil
		for range 3 {
			e := p.pick(snapshot.LeastRequest, Choice{})
			h, _ := p.Hold(e, 0)
			got[number(e)]++
			after := 1
			if number(e) == 1 {
				after = slow - 1
			}
			ends[(round+after)%slow] = append(ends[(round+after)%slow], h)
		}
	}
	if share := float64(got[1]) / (3 * rounds); share > .15 {
		t.Errorf("the slow endpoint took %.0f %%, want far less than a third", 100*share)
	}
}

func TestLeastRequestLeavesOutWhatWasTried(t *testing.T) {
	t.Parallel()
	p := balanced(t, snapshot.Endpoint{Weight: 1}, snapshot.Endpoint{Weight: 100})
	light, heavy := p.members[0].Target, p.members[1].Target
	for range 100 {
		if e := p.pick(snapshot.LeastRequest, Choice{Tried: []*Target{heavy}}); e != light {
			t.Fatalf("picked %d, want the one that was not tried", number(e))
		}
		if e := p.pick(snapshot.LeastRequest, Choice{Tried: []*Target{heavy, light}}); e != nil {
			t.Fatalf("picked %d although both were tried", number(e))
		}
	}
}
