// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestAnswersAreHeldReadyForTheHostsOfACertificateThatIsThere(t *testing.T) {
	working := func(of string, hosts ...string) corev1.Secret {
		a := &attempt{ID: "1"}
		for _, host := range hosts {
			a.Presented = append(a.Presented, presented{Host: host, Type: acme.ChallengeHTTP01, Token: "token", KeyAuthorization: "answer"})
		}
		text, err := (&State{Attempt: a}).encode()
		if err != nil {
			t.Fatal(err)
		}
		return corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Annotations: map[string]string{cluster.TLSCertificateAnnotation: of}},
			Data: map[string][]byte{orderStateField: text}}
	}
	damaged := working("shop/damaged", "x.io")
	damaged.Data[orderStateField] = []byte("{")
	shop := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "tls"},
		Spec: v1alpha1.TLSCertificateSpec{Hosts: []v1alpha1.CertificateHost{"x.io", "y.io"}}}
	got := heldReady([]corev1.Secret{working("shop/tls", "x.io", "bank.io"), working("shop/gone", "y.io"), working("blog/tls", "y.io"), working("", "y.io"), damaged},
		[]*v1alpha1.TLSCertificate{shop})
	want := []translate.Challenge{{Namespace: "shop", Challenge: snapshot.Challenge{Host: "x.io", Token: "token", KeyAuthorization: "answer", Type: snapshot.ChallengeHTTP01}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what is held ready (-want +got):\n%s", diff)
	}
}

func TestAnswersAreHeldReadyUntilTheOrderIsFinalized(t *testing.T) {
	shop := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "tls"},
		Spec: v1alpha1.TLSCertificateSpec{Hosts: []v1alpha1.CertificateHost{"x.io"}}}
	for status, want := range map[acme.OrderStatus]bool{
		"": true, acme.OrderPending: true, acme.OrderReady: true, acme.OrderProcessing: false, acme.OrderValid: false,
	} {
		state := &State{Attempt: &attempt{Order: acme.Order{Status: status},
			Presented: []presented{{Host: "x.io", Type: acme.ChallengeHTTP01, Token: "token", KeyAuthorization: "answer"}}}}
		for name, state := range map[string]*State{"under way": state, "closing": {Closing: state.Attempt}} {
			text, err := state.encode()
			if err != nil {
				t.Fatal(err)
			}
			working := corev1.Secret{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{cluster.TLSCertificateAnnotation: "shop/tls"}},
				Data: map[string][]byte{orderStateField: text}}
			held := heldReady([]corev1.Secret{working}, []*v1alpha1.TLSCertificate{shop})
			if (len(held) > 0) != (want && name == "under way") {
				t.Errorf("of an attempt %s, with an order %q, %d answers are held ready", name, status, len(held))
			}
		}
	}
}
