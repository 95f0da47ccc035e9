// SPDX-License-Identifier: Apache-2.0

package shown

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/dashboard/control"
)

func TestAnOrderIsAsFarAsItsConditionSays(t *testing.T) {
	at := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	for reason, want := range map[string]control.Step{
		v1alpha1.ReasonOrdering:             control.Ordering,
		v1alpha1.ReasonChallengePending:     control.Proving,
		v1alpha1.ReasonFinalizing:           control.Finalizing,
		v1alpha1.ReasonUpToDate:             control.Issued,
		v1alpha1.ReasonNotRenewed:           control.Off,
		v1alpha1.ReasonOrderingOff:          control.Off,
		v1alpha1.ReasonOrderedElsewhere:     control.Off,
		v1alpha1.ReasonOrderFailed:          control.Waiting,
		v1alpha1.ReasonOrderLimit:           control.Waiting,
		v1alpha1.ReasonChallengeUnreachable: control.Waiting,
	} {
		object := &v1alpha1.TLSCertificate{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
			Spec:       v1alpha1.TLSCertificateSpec{Hosts: []v1alpha1.CertificateHost{"shop.example.com"}, SecretName: "web-tls"},
			Status: v1alpha1.TLSCertificateStatus{NotAfter: &at, NextAttemptTime: &at, Failures: 2, Conditions: []metav1.Condition{
				{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: "Issued", Message: "it is served"},
				{Type: v1alpha1.ConditionIssuing, Reason: reason, Message: "how far it is"},
			}},
		}
		want := control.Certificate{Name: "shop/web", Secret: "shop/web-tls", Hosts: []string{"shop.example.com"}, Ready: true, Reason: "Issued", Message: "it is served",
			Step: want, Issuing: reason, Progress: "how far it is", NotAfter: at.UTC(), NextAttempt: at.UTC(), Failures: 2}
		if diff := cmp.Diff(want, describe(object)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", reason, diff)
		}
	}
	if got := describe(&v1alpha1.TLSCertificate{}).Step; got != control.Waiting {
		t.Errorf("one that no controller has looked at is %q", got)
	}
}

func TestWithoutAClusterThereIsNothing(t *testing.T) {
	var c Cluster
	orders, err := c.Orders(t.Context())
	if err != nil || orders.Certificates == nil || orders.Ledger == nil || len(orders.Certificates)+len(orders.Ledger) > 0 || c.Replicas() != nil {
		t.Errorf("there are %+v (%v) and %v", orders, err, c.Replicas())
	}
}
