// SPDX-License-Identifier: Apache-2.0

package snapshots

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/translate"
)

func reportOf(name, uid string, generation int64, routes int) *translate.Report {
	return &translate.Report{
		Kind: "Ingress", Namespace: "default", Name: name, UID: types.UID(uid), Generation: generation, Routes: routes,
		Conditions: []metav1.Condition{{Type: "Accepted", Status: "True", Reason: "Accepted", ObservedGeneration: generation}},
	}
}

func keyOf(name string) objectKey {
	return objectKey{"Ingress", types.NamespacedName{Namespace: "default", Name: name}}
}

func TestProgrammedSaysWhatTheDataPlaneServes(t *testing.T) {
	refused := errors.New("route 7: no pool")
	served := nextResult(nil, []*translate.Report{reportOf("a", "1", 1, 2), reportOf("empty", "2", 1, 0)}, 5, nil)
	const rejected = "the data plane serves what was there before, because it refused this: route 7: no pool"
	tests := map[string]struct {
		previous   *result
		report     *translate.Report
		refused    error
		want       metav1.Condition
		generation uint64
	}{
		"served": {
			report:     reportOf("a", "1", 3, 2),
			want:       metav1.Condition{Status: "True", Reason: "Programmed", Message: "the data plane serves what was accepted", ObservedGeneration: 3},
			generation: 6,
		},
		"no route of it": {
			report:     reportOf("a", "1", 3, 0),
			want:       metav1.Condition{Status: "False", Reason: "NothingToProgram", Message: "no rule was accepted; Accepted says why", ObservedGeneration: 3},
			generation: 6,
		},
		"refused, and nothing was served before": {
			report: reportOf("a", "1", 3, 2), refused: refused,
			want: metav1.Condition{Status: "False", Reason: "Rejected", Message: rejected, ObservedGeneration: 3},
		},
		"refused, and it is served as it was": {
			previous: served, report: reportOf("a", "1", 1, 2), refused: refused,
			want:       metav1.Condition{Status: "True", Reason: "Programmed", Message: "the data plane serves what was accepted", ObservedGeneration: 1},
			generation: 5,
		},
		"refused twice, and it is served as it was": {
			previous: nextResult(served, []*translate.Report{reportOf("a", "1", 1, 2)}, 0, refused),
			report:   reportOf("a", "1", 1, 2), refused: refused,
			want:       metav1.Condition{Status: "True", Reason: "Programmed", Message: "the data plane serves what was accepted", ObservedGeneration: 1},
			generation: 5,
		},
		"refused, and it has changed": {
			previous: served, report: reportOf("a", "1", 2, 2), refused: refused,
			want:       metav1.Condition{Status: "False", Reason: "Rejected", Message: rejected, ObservedGeneration: 2},
			generation: 5,
		},
		"refused, and it is another object of the name": {
			previous: served, report: reportOf("a", "9", 1, 2), refused: refused,
			want:       metav1.Condition{Status: "False", Reason: "Rejected", Message: rejected, ObservedGeneration: 1},
			generation: 5,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			generation := uint64(6)
			if test.refused != nil {
				generation = 0
			}
			got := nextResult(test.previous, []*translate.Report{test.report}, generation, test.refused)
			test.want.Type = "Programmed"
			if diff := cmp.Diff(&test.want, meta.FindStatusCondition(got.verdicts.of(keyOf("a")).Conditions, "Programmed")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.generation != test.generation {
				t.Errorf("generation %d is served, want %d", got.generation, test.generation)
			}
		})
	}
}

func TestOnlyObjectsThatSomethingNewIsSaidOfAreToldOf(t *testing.T) {
	first := nextResult(nil, sorted(reportOf("same", "1", 1, 1), reportOf("changed", "2", 1, 1), reportOf("gone", "3", 1, 1)), 1, nil)
	second := nextResult(first, sorted(reportOf("same", "1", 1, 1), reportOf("changed", "2", 2, 1), reportOf("new", "4", 1, 1)), 2, nil)
	tests := map[string]struct {
		previous, next *result
		want           []string
	}{
		"the first result is all new":          {nil, first, []string{"changed", "gone", "same"}},
		"changed, gone and new":                {first, second, []string{"changed", "gone", "new"}},
		"the same again":                       {second, nextResult(second, sorted(reportOf("same", "1", 1, 1), reportOf("changed", "2", 2, 1), reportOf("new", "4", 1, 1)), 2, nil), nil},
		"another generation of the data plane": {first, nextResult(first, sorted(reportOf("same", "1", 1, 1), reportOf("changed", "2", 1, 1), reportOf("gone", "3", 1, 1)), 9, nil), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			test.next.changed(test.previous, func(key objectKey) { got = append(got, key.Name) })
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// sorted returns reports in their order.
func sorted(reports ...*translate.Report) []*translate.Report {
	return slices.SortedFunc(slices.Values(reports), (*translate.Report).Compare)
}

// What a digest sums up are Ingresses of both kinds, and the objects of the Gateway API.
func TestATaskIsNothingThatIsServed(t *testing.T) {
	var serving []difference
	for i, kind := range []string{v1alpha1.IngressKind, kinds.StandardKind, v1alpha1.TaskKind, v1alpha1.TLSCertificateKind} {
		serving = append(serving, difference{objectKey{kind, types.NamespacedName{Namespace: "blue", Name: "a"}}, nil, &Verdict{uid: types.UID(kind), generation: int64(i + 1)}})
	}
	gateways := map[gatewayapi.Key]*gatewayapi.Verdict{{Kind: gatewayapi.GatewayKind}: {UID: gatewayapi.GatewayKind, Generation: 5}}
	want := map[types.UID]int64{types.UID(v1alpha1.IngressKind): 1, types.UID(kinds.StandardKind): 2, gatewayapi.GatewayKind: 5}
	before, now := (&result{serving: new(verdicts).with(serving), gateways: gateways}).served(nil)
	if diff := cmp.Diff([]map[types.UID]int64{{}, want}, []map[types.UID]int64{maps.Collect(before), maps.Collect(now)}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whoever follows the changes of what is served knows at any time what is served, whatever the data plane refuses.
func TestWhatIsServedFollowsFromItsChanges(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	served := map[types.UID]int64{}
	var latest *result
	made := map[string]*translate.Report{}
	for step := range 500 {
		for range random.IntN(3) {
			name := fmt.Sprint("i", random.IntN(8))
			if made[name] = reportOf(name, name, int64(step), random.IntN(2)); random.IntN(3) == 0 {
				delete(made, name)
			}
		}
		var refused error
		if random.IntN(4) == 0 {
			refused = errors.New("refused")
		}
		reports := sorted(slices.Collect(maps.Values(made))...)
		next, anew := nextResult(latest, reports, 1, refused), nextResult(nil, reports, 1, refused)
		if refused == nil {
			before, now := next.served(latest)
			for uid, generation := range before {
				if served[uid] != generation {
					t.Fatalf("step %d: %s is said to have been served in generation %d, and was in %d", step, uid, generation, served[uid])
				}
				delete(served, uid)
			}
			maps.Insert(served, now)
			if diff := cmp.Diff(maps.Collect(anew.allServed), served); diff != "" {
				t.Fatalf("step %d (-want +got):\n%s", step, diff)
			}
			if diff := cmp.Diff(maps.Collect(anew.verdicts.all()), maps.Collect(next.verdicts.all()), cmp.AllowUnexported(objectKey{}, Verdict{})); diff != "" {
				t.Fatalf("step %d: verdicts (-want +got):\n%s", step, diff)
			}
		}
		latest = next
	}
}
