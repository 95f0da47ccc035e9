// SPDX-License-Identifier: Apache-2.0

package status

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestWhichChangesOfConditionsAreEvents(t *testing.T) {
	condition := func(conditionType string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
		return metav1.Condition{Type: conditionType, Status: status, Reason: reason, Message: message}
	}
	fine := []metav1.Condition{condition("Accepted", "True", "Accepted", "a"), condition("Programmed", "True", "Programmed", "p")}
	tests := map[string]struct {
		old, current []metav1.Condition
		want         []transition
	}{
		"a new object in order is told of once": {
			current: fine, want: []transition{{"Normal", "Programmed", "Programmed", "p"}},
		},
		"a new object that is not in order": {
			current: []metav1.Condition{condition("Accepted", "False", "PathConflict", "a"), condition("Healthy", "Unknown", "NotProbed", "h")},
			want: []transition{
				{"Warning", "PathConflict", "Accepted", "a"},
				{"Normal", "NotProbed", "Healthy", "h"},
			},
		},
		"nothing new": {old: fine, current: fine},
		"another message or generation is no news": {
			old: fine,
			current: []metav1.Condition{{Type: "Accepted", Status: "True", Reason: "Accepted", Message: "other", ObservedGeneration: 7},
				condition("Programmed", "True", "Programmed", "p")},
		},
		"another reason is": {
			old: fine, current: []metav1.Condition{condition("Programmed", "True", "Other", "tls")},
			want: []transition{{"Normal", "Other", "Programmed", "tls"}},
		},
		"another status is": {
			old: fine, current: []metav1.Condition{condition("Programmed", "False", "NothingToProgram", "n")},
			want: []transition{{"Warning", "NothingToProgram", "Programmed", "n"}},
		},
		"a long message is cut to what an event holds": {
			current: []metav1.Condition{condition("Accepted", "False", "InvalidRule", strings.Repeat("é", 5000))},
			want:    []transition{{"Warning", "InvalidRule", "Accepted", strings.Repeat("é", 450) + "…"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, transitions(test.old, test.current), cmp.AllowUnexported(transition{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
