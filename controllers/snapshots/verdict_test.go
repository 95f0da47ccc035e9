// SPDX-License-Identifier: Apache-2.0

package snapshots

import (
	"errors"
	"maps"
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

func reportOf(name, uid string, generation int64, routes int) translate.Report {
	return translate.Report{
		Kind: "Ingress", Namespace: "default", Name: name, UID: types.UID(uid), Generation: generation, Routes: routes,
		Conditions: []metav1.Condition{{Type: "Accepted", Status: "True", Reason: "Accepted", ObservedGeneration: generation}},
	}
}

func keyOf(name string) objectKey {
	return objectKey{"Ingress", types.NamespacedName{Namespace: "default", Name: name}}
}

// The reports of a build share one piece of memory. A verdict must not keep that alive for as long as it stands.
func TestAVerdictHoldsNoneOfTheMemoryOfItsBuild(t *testing.T) {
	reports := []translate.Report{reportOf("a", "1", 1, 2)}
	reports[0].Kind = "Task" // an Ingress has a condition more, for which its memory is made anyway
	r := nextResult(nil, reports, 1, nil)
	reports[0].Conditions[0].Message = "of another build"
	for key, v := range r.verdicts {
		if got := v.Conditions[0].Message; got != "" {
			t.Errorf("the verdict on %s has the message %q, which was written into the report afterwards", key.Name, got)
		}
	}
}

func TestProgrammedSaysWhatTheDataPlaneServes(t *testing.T) {
	refused := errors.New("route 7: no pool")
	served := nextResult(nil, []translate.Report{reportOf("a", "1", 1, 2), reportOf("empty", "2", 1, 0)}, 5, nil)
	const rejected = "the data plane serves what was there before, because it refused this: route 7: no pool"
	tests := map[string]struct {
		previous   *result
		report     translate.Report
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
			previous: nextResult(served, []translate.Report{reportOf("a", "1", 1, 2)}, 0, refused),
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
			got := nextResult(test.previous, []translate.Report{test.report}, generation, test.refused)
			test.want.Type = "Programmed"
			if diff := cmp.Diff(&test.want, meta.FindStatusCondition(got.verdicts[keyOf("a")].Conditions, "Programmed")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.generation != test.generation {
				t.Errorf("generation %d is served, want %d", got.generation, test.generation)
			}
		})
	}
}

func TestOnlyObjectsThatSomethingNewIsSaidOfAreToldOf(t *testing.T) {
	first := nextResult(nil, []translate.Report{reportOf("same", "1", 1, 1), reportOf("changed", "2", 1, 1), reportOf("gone", "3", 1, 1)}, 1, nil)
	second := nextResult(first, []translate.Report{reportOf("same", "1", 1, 1), reportOf("changed", "2", 2, 1), reportOf("new", "4", 1, 1)}, 2, nil)
	tests := map[string]struct {
		previous, next *result
		want           []string
	}{
		"the first result is all new":          {nil, first, []string{"changed", "gone", "same"}},
		"changed, gone and new":                {first, second, []string{"changed", "gone", "new"}},
		"the same again":                       {second, nextResult(second, []translate.Report{reportOf("same", "1", 1, 1), reportOf("changed", "2", 2, 1), reportOf("new", "4", 1, 1)}, 2, nil), nil},
		"another generation of the data plane": {first, nextResult(first, []translate.Report{reportOf("same", "1", 1, 1), reportOf("changed", "2", 1, 1), reportOf("gone", "3", 1, 1)}, 9, nil), nil},
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

// What a digest sums up are Ingresses of both kinds, and the objects of the Gateway API.
func TestATaskIsNothingThatIsServed(t *testing.T) {
	serving := map[objectKey]*Verdict{}
	for i, kind := range []string{v1alpha1.IngressKind, kinds.StandardKind, v1alpha1.TaskKind, v1alpha1.TLSCertificateKind} {
		serving[objectKey{kind, types.NamespacedName{Namespace: "blue", Name: "a"}}] = &Verdict{uid: types.UID(kind), generation: int64(i + 1)}
	}
	gateways := map[gatewayapi.Key]*gatewayapi.Verdict{{Kind: gatewayapi.GatewayKind}: {UID: gatewayapi.GatewayKind, Generation: 5}}
	want := map[types.UID]int64{types.UID(v1alpha1.IngressKind): 1, types.UID(kinds.StandardKind): 2, gatewayapi.GatewayKind: 5}
	if diff := cmp.Diff(want, maps.Collect((&result{serving: serving, gateways: gateways}).served())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
