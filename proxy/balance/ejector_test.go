// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

func TestAnEndpointIsSetAsideForLongerEachTimeAndForgivenWithTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour) // the clock begins with the proxy, long before
		j := &Ejector{clock: transport.Clock{Start: time.Now().Add(-time.Hour)}}
		e := newTarget(upstream.Key{}, nil)
		setAside := func(failures int) time.Duration {
			t.Helper()
			for range failures {
				if e.conduct.ejected.Load() != 0 {
					t.Fatal("it was set aside before its time")
				}
				j.Failed(e)
			}
			if e.conduct.ejected.Load() == 0 {
				t.Fatal("it was not set aside")
			}
			began := time.Now()
			for e.conduct.ejected.Load() != 0 {
				time.Sleep(time.Second)
				j.Restore(j.clock.Now())
			}
			return time.Since(began)
		}
		got := []time.Duration{setAside(ejectAfter)}
		for range 14 {
			got = append(got, setAside(1)) // it is on probation
		}
		e.conduct.succeeded(j.clock.Now())
		time.Sleep(10 * time.Minute)
		got = append(got, setAside(ejectAfter))
		var want []time.Duration
		for i := range 15 {
			want = append(want, min(time.Duration(i+1)*ejectionBase, ejectionLimit))
		}
		want = append(want, 6*ejectionBase) // ten of 15 times were forgiven
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A slow path must not take its endpoint from the others. Whoever is silent to everybody is set aside all the same.
func TestAnEndpointThatAnsweredOthersMeanwhileIsNotBlamedForSilence(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		// answered is when the endpoint answered another request. All that time out began at a second.
		answered []time.Duration
		want     bool
	}{
		{"it answered nobody", nil, true},
		{"it answered others before", []time.Duration{time.Second / 2, time.Second - answeredStep}, true},
		{"it answered others meanwhile", []time.Duration{time.Second / 2, 2 * time.Second}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			j := NewEjector(transport.NewClock())
			e := newTarget(upstream.Key{}, nil)
			for _, at := range test.answered {
				e.Succeeded(at)
			}
			for range ejectAfter {
				j.TimedOut(e, time.Second)
			}
			if got := e.conduct.ejected.Load() != 0; got != test.want {
				t.Errorf("set aside: %v, want %v", got, test.want)
			}
		})
	}
}

func TestASuccessInBetweenKeepsAnEndpointInService(t *testing.T) {
	t.Parallel()
	j := &Ejector{clock: transport.NewClock()}
	e := newTarget(upstream.Key{}, nil)
	for range 10 {
		for range ejectAfter - 1 {
			j.Failed(e)
		}
		e.conduct.succeeded(j.clock.Now())
	}
	if e.conduct.ejected.Load() != 0 {
		t.Error("it was set aside though it never failed three times in a row")
	}
}
