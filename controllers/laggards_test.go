// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync/atomic"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/fixture"
)

func TestAnIngressIsProgrammedOnceEveryReadyReplicaServesIt(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	var refuses atomic.Bool
	a, _ := k.known("a")
	k.knows(a, "a")
	b, draining := k.known("b", func(_ *ctrl.Options, _ *Options, p *recordingProxy) { p.before = refuseIf(&refuses) })
	k.knows(a, "a", "b")
	shop := fixture.Ingress(k.Blue, "shop", "shop.example.com", "web")
	k.Make(shop, fixture.Task(k.Blue, "web", "web", "10.0.0.7"))
	says := func(programmed string) {
		t.Helper()
		k.says(shop, "Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", programmed)
	}
	says("Programmed=True Programmed")

	refuses.Store(true)
	k.Change(shop, func() { shop.Spec.Rules[0].Host = "other.example.com" })
	says("Programmed=Unknown Pending")
	refuses.Store(false)
	k.Make(fixture.Task(k.Blue, "web-2", "web", "10.0.0.8")) // any event has the refused snapshot tried again
	says("Programmed=True Programmed")

	// Nobody waits for one that goes.
	refuses.Store(true)
	k.Change(shop, func() { shop.Spec.Rules[0].Host = "third.example.com" })
	says("Programmed=Unknown Pending")
	close(draining)
	says("Programmed=True Programmed")
	b.stop()
}

func TestProgrammedWaitsForReplicasOfThisGenerationAlone(t *testing.T) {
	t.Parallel()
	condition := func(status metav1.ConditionStatus, generation int64) []metav1.Condition {
		return []metav1.Condition{
			{Type: v1alpha1.ConditionAccepted, Status: metav1.ConditionTrue, ObservedGeneration: generation},
			{Type: v1alpha1.ConditionProgrammed, Status: status, ObservedGeneration: generation, Reason: "AsItWas"},
		}
	}
	for _, test := range []struct {
		name   string
		was    []metav1.Condition
		said   []metav1.Condition
		behind []string
		want   metav1.ConditionStatus
		waits  bool
	}{
		{"new, and served by all", nil, condition(metav1.ConditionTrue, 2), nil, metav1.ConditionTrue, false},
		{"new, and not served by one", nil, condition(metav1.ConditionTrue, 2), []string{"b"}, metav1.ConditionUnknown, true},
		{"served before by all, changed since", condition(metav1.ConditionTrue, 1), condition(metav1.ConditionTrue, 2), []string{"b"}, metav1.ConditionUnknown, true},
		{"served by all, and another Ingress changes", condition(metav1.ConditionTrue, 2), condition(metav1.ConditionTrue, 2), []string{"b"}, metav1.ConditionTrue, false},
		{"waiting still", condition(metav1.ConditionUnknown, 2), condition(metav1.ConditionTrue, 2), []string{"b"}, metav1.ConditionUnknown, true},
		{"refused here", condition(metav1.ConditionTrue, 1), condition(metav1.ConditionFalse, 2), []string{"b"}, metav1.ConditionFalse, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLaggards(func(types.UID) []string { return test.behind })
			object := &v1alpha1.Ingress{ObjectMeta: metav1.ObjectMeta{Name: "shop", Generation: 2}}
			object.Status.Conditions = test.was
			judged := l.judge(object, test.said)
			if got := meta.FindStatusCondition(judged, v1alpha1.ConditionProgrammed); got.Status != test.want || len(judged) != 2 {
				t.Errorf("said is %+v, want %s", got, test.want)
			}
			if unchanged := meta.FindStatusCondition(test.said, v1alpha1.ConditionProgrammed); unchanged.Reason != "AsItWas" {
				t.Errorf("the verdict was changed to %+v", unchanged)
			}
			if waits := len(l.waiting) == 1; waits != test.waits {
				t.Errorf("it waits: %v, want %v", waits, test.waits)
			}
		})
	}
}
