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
		ObservedGeneration: 3, Hosts: "shop.example.com",
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

func TestWhichHostsAColumnShows(t *testing.T) {
	for want, hosts := range map[string][]string{
		"":           {},
		"a.io":       {"a.io", "a.io"},
		"*":          {""},
		"*.io +1":    {"*.io", ""},
		"shop.io +8": {"shop.io", "a", "b", "c", "d", "e", "f", "g", "shop.io", "h"},
		"b.io +1":    {"b.io", "a.io"},
	} {
		var spec v1alpha1.IngressSpec
		for _, host := range hosts {
			spec.Rules = append(spec.Rules, v1alpha1.IngressRule{Host: v1alpha1.Host(host)})
		}
		if got := hostsText(&spec); got != want {
			t.Errorf("%q: got %q, want %q", hosts, got, want)
		}
	}
}
