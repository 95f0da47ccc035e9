// SPDX-License-Identifier: Apache-2.0

package ingresses

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestProgrammedWaitsForReplicasOfThisGenerationAlone(t *testing.T) {
	t.Parallel()
	condition := func(status metav1.ConditionStatus, generation int64) []metav1.Condition {
		return []metav1.Condition{
			{Type: v1alpha1.ConditionAccepted, Status: metav1.ConditionTrue, ObservedGeneration: generation},
			{Type: v1alpha1.ConditionProgrammed, Status: status, ObservedGeneration: generation, Reason: "AsItWas"},
		}
	}
	for _, test := range []struct {
		name       string
		before     []metav1.Condition
		conditions []metav1.Condition
		behind     []string
		want       metav1.ConditionStatus
		waits      bool
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
			object.Status.Conditions = test.before
			judged := l.judge(object, test.conditions)
			if got := meta.FindStatusCondition(judged, v1alpha1.ConditionProgrammed); got.Status != test.want || len(judged) != 2 {
				t.Errorf("Programmed is %+v, want %s", got, test.want)
			}
			if unchanged := meta.FindStatusCondition(test.conditions, v1alpha1.ConditionProgrammed); unchanged.Reason != "AsItWas" {
				t.Errorf("the verdict was changed to %+v", unchanged)
			}
			if waits := len(l.waiting) == 1; waits != test.waits {
				t.Errorf("it waits: %v, want %v", waits, test.waits)
			}
		})
	}
}
