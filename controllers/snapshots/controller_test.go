// SPDX-License-Identifier: Apache-2.0

package snapshots

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
)

func TestARefusedSnapshotIsTriedAgainLaterAndLater(t *testing.T) {
	const ms = time.Millisecond
	tests := map[string]struct {
		// refusals is how many builds fail. events, and the builds wanted, are in time since the start.
		refusals int
		events   []time.Duration
		builds   []time.Duration
	}{
		"a snapshot that is served is not tried again": {
			events: []time.Duration{0}, builds: []time.Duration{20 * ms},
		},
		"the time doubles": {
			refusals: 3, events: []time.Duration{0},
			builds: []time.Duration{20 * ms, 1040 * ms, 3060 * ms, 7080 * ms},
		},
		"it has a limit": {
			refusals: 9, events: []time.Duration{0},
			builds: []time.Duration{20 * ms, 1040 * ms, 3060 * ms, 7080 * ms, 15100 * ms, 31120 * ms, 63140 * ms,
				123160 * ms, 183180 * ms, 243200 * ms},
		},
		"an event is answered at once, and again if need be": {
			refusals: 2, events: []time.Duration{0, 500 * ms},
			builds: []time.Duration{20 * ms, 520 * ms, 2540 * ms},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := New(Config{Pending: NewHoldOff()})
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				start := time.Now()
				for _, at := range test.events {
					time.AfterFunc(at, c.Pending.Event)
				}
				var builds []time.Duration
				c.run(ctx, func(context.Context) error {
					builds = append(builds, time.Since(start))
					if len(builds) <= test.refusals {
						return errors.New("refused")
					}
					return nil
				})
				if diff := cmp.Diff(test.builds, builds); diff != "" {
					t.Errorf("builds (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// applierFunc is a data plane of one function.
type applierFunc func(*snapshot.Snapshot) (uint64, error)

func (f applierFunc) Apply(snapshot *snapshot.Snapshot) (uint64, error) { return f(snapshot) }

func TestItIsReadyFromTheFirstSnapshotThatIsServed(t *testing.T) {
	var refusal error
	c := New(Config{Pending: NewHoldOff(), Applier: applierFunc(func(*snapshot.Snapshot) (uint64, error) {
		return 1, refusal
	}), Options: translate.Options{IngressClass: "warren"}})
	ing := &v1alpha1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "a", UID: "u", Generation: 1},
		Spec: v1alpha1.IngressSpec{Rules: []v1alpha1.IngressRule{{Paths: []v1alpha1.IngressPath{
			{Path: "/", Backend: v1alpha1.IngressBackend{ServiceName: "api", Port: 80}}}}}}}
	in := translate.Input{Objects: []*rules.Object{kinds.ReadWarren(ing)}, Options: c.Options}

	type state struct {
		Ready      bool
		Programmed string
		Err        string
	}
	look := func(err error) state {
		s := state{Ready: c.Ready(), Err: fixture.ErrorText(err)}
		if conditions, ok := c.Conditions(v1alpha1.IngressKind, ing); ok {
			s.Programmed = meta.FindStatusCondition(conditions, v1alpha1.ConditionProgrammed).Reason
		}
		return s
	}
	got := []state{look(nil)}
	refusal = errors.New("no pool")
	got = append(got, look(c.apply(t.Context(), in)))
	refusal = nil
	got = append(got, look(c.apply(t.Context(), in)))
	refusal = errors.New("no pool")
	got = append(got, look(c.apply(t.Context(), in)))
	ing = ing.DeepCopy()
	ing.Generation = 2
	got = append(got, look(nil))
	want := []state{
		{},
		{Programmed: "Rejected", Err: "applying the snapshot: no pool"},
		{Ready: true, Programmed: "Programmed"},
		{Ready: true, Programmed: "Programmed", Err: "applying the snapshot: no pool"},
		{Ready: true}, // Nothing is said of a generation that no build has seen.
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
