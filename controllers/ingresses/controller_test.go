// SPDX-License-Identifier: Apache-2.0

package ingresses

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestDisowningLeavesTheConditionsOfOthers(t *testing.T) {
	status := v1alpha1.IngressStatus{
		ObservedGeneration: 3,
		Conditions: []metav1.Condition{{Type: "Accepted"}, {Type: "example.com/Audited"}, {Type: "Programmed"}, {Type: "ResolvedRefs"},
			{Type: "Ready"}, {Type: "Stalled"}, {Type: "Reconciling"}},
		LoadBalancer: v1alpha1.LoadBalancerStatus{Ingress: []v1alpha1.LoadBalancerIngress{{IP: "203.0.113.7"}}},
	}
	disown(&status)
	want := v1alpha1.IngressStatus{ObservedGeneration: -1, Conditions: []metav1.Condition{{Type: "example.com/Audited"}}}
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
