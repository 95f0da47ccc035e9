// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
)

// An endpoint that is the controller itself is served, because another rule may be behind it. The condition says so.
func TestEndpointThatIsTheControllerItselfIsTold(t *testing.T) {
	own := []netip.AddrPort{netip.MustParseAddrPort("10.0.0.9:8000"), netip.MustParseAddrPort("10.0.0.9:8443")}
	const told = "every backend is there; served all the same: api:80: 10.0.0.9:8000 is this controller itself: a request that comes back " +
		"by the same rule is answered with 508 LoopDetected, so name what is to answer it in its place"
	for name, test := range map[string]struct {
		tasks []*v1alpha1.Task
		want  string
	}{
		"at its port":        {[]*v1alpha1.Task{newTask("default", "a", "api", "10.0.0.9", listens(80, 8000))}, told},
		"one of several":     {[]*v1alpha1.Task{newTask("default", "a", "api", "10.0.0.1"), newTask("default", "b", "api", "10.0.0.9", listens(80, 8000))}, told},
		"at another port":    {[]*v1alpha1.Task{newTask("default", "a", "api", "10.0.0.9", listens(80, 8080))}, "every backend is there"},
		"at another address": {[]*v1alpha1.Task{newTask("default", "a", "api", "10.0.0.8", listens(80, 8000))}, "every backend is there"},
	} {
		t.Run(name, func(t *testing.T) {
			_, reports := build(translate.Input{
				Own:     own,
				Options: translate.Options{AllowLocalTasks: true},
				Objects: asRules([]*v1alpha1.Ingress{newIngress("default", "a", 1, newRule("x.io", prefix("/", "api")))}),
				Tasks:   test.tasks,
			})
			c := conditionOf(t, reports, "Ingress", "default/a", v1alpha1.ConditionResolvedRefs)
			if diff := cmp.Diff(accepted{metav1.ConditionTrue, "ResolvedRefs", test.want}, accepted{c.Status, c.Reason, c.Message}); diff != "" {
				t.Errorf("ResolvedRefs (-want +got):\n%s", diff)
			}
		})
	}
}
