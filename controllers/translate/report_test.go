// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
)

func TestWhatIsActedOnInFullIsAccepted(t *testing.T) {
	hashed := prefix("/", "api")
	hashed.LoadBalancing = &v1alpha1.LoadBalancing{Policy: v1alpha1.LoadBalancingHash, HashOn: v1alpha1.HashOnClientIP}
	ing := newIngress("default", "a", 1, newRule("x.io", hashed))
	ing.Spec.TLS = &v1alpha1.IngressTLS{AutoSSL: true, Email: "admin@example.com"}

	_, reports := build(translate.Input{
		Objects: asRules([]*v1alpha1.Ingress{ing, newIngress("default", "plain", 2, newRule("y.io", hashed))}),
		Tasks: []*v1alpha1.Task{
			newTask("default", "checked", "api", "10.0.0.1", func(t *v1alpha1.Task) { t.Spec.HealthCheck = &v1alpha1.HealthCheck{Port: 80} }),
			newTask("default", "plain", "api", "10.0.0.2"),
			newTask("default", "wrong", "api", "224.0.0.1"),
			newTask("default", "nowhere", "api", "::ffff:0.0.0.0"),
		},
		TLSCertificates: []*v1alpha1.TLSCertificate{{ObjectMeta: objectMeta("default", "c", 0)}},
	})
	want := map[string]accepted{
		"Ingress default/a":        fully,
		"Ingress default/plain":    fully,
		"TLSCertificate default/c": {metav1.ConditionTrue, "Accepted", "everything in the object is acted on"},
		"Task default/checked":     fully,
		"Task default/plain":       fully,
		"Task default/nowhere": {metav1.ConditionFalse, "InvalidTask",
			`address "::ffff:0.0.0.0" cannot be connected to: write the instance's IPv4 or IPv6 address, such as 192.168.1.10`},
		"Task default/wrong": {metav1.ConditionFalse, "InvalidTask",
			`address "224.0.0.1" cannot be connected to: write the instance's IPv4 or IPv6 address, such as 192.168.1.10`},
	}
	got := map[string]accepted{}
	for _, r := range reports {
		c := conditionOf(t, reports, r.Kind, r.Namespace+"/"+r.Name, v1alpha1.ConditionAccepted)
		got[r.Kind+" "+r.Namespace+"/"+r.Name] = accepted{c.Status, c.Reason, c.Message}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestATaskIsHealthyUnlessItsStatusSaysOtherwise(t *testing.T) {
	checked := func(t *v1alpha1.Task) { t.Spec.HealthCheck = &v1alpha1.HealthCheck{Port: 80} }
	tests := map[string]struct {
		task *v1alpha1.Task
		want accepted
	}{
		"no check, no word":   {newTask("default", "a", "api", "10.0.0.1"), accepted{metav1.ConditionTrue, "NoHealthCheck", "there is no healthCheck, and nothing reported the instance unhealthy"}},
		"reported unhealthy":  {newTask("default", "a", "api", "10.0.0.1", unhealthy), accepted{metav1.ConditionFalse, "ReportedUnhealthy", "status.health is Unhealthy"}},
		"a check, not probed": {newTask("default", "a", "api", "10.0.0.1", checked), accepted{metav1.ConditionUnknown, "NotProbed", "the instance has not been probed: no rule of an Ingress reaches it, or it is new"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, reports := build(translate.Input{Tasks: []*v1alpha1.Task{test.task}})
			c := conditionOf(t, reports, "Task", "default/a", v1alpha1.ConditionHealthy)
			if diff := cmp.Diff(test.want, accepted{c.Status, c.Reason, c.Message}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAReportNamesTheObjectAndGenerationThatItSpeaksOf(t *testing.T) {
	ing := newIngress("default", "a", 1, newRule("x.io", prefix("/", "api"), prefix("/b", "api")))
	ing.Generation = 7
	_, reports := build(translate.Input{Objects: asRules([]*v1alpha1.Ingress{ing})})
	want := []translate.Report{{
		Kind: "Ingress", Namespace: "default", Name: "a", UID: "default-a", Generation: 7, Routes: 2,
		Conditions: []metav1.Condition{
			{Type: "Accepted", Status: "True", Reason: "Accepted", Message: "everything in the object is acted on", ObservedGeneration: 7},
			{Type: "ResolvedRefs", Status: "False", Reason: "ServiceNotFound", ObservedGeneration: 7,
				Message: "api:80: no Task of the namespace has this serviceName, and no Service this name"},
		},
	}}
	if diff := cmp.Diff(want, reports); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
