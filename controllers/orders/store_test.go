// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestNoTwoOrdersHaveOneSecret(t *testing.T) {
	seen := map[string]string{}
	for _, class := range []string{"warren", "a", "b"} {
		for _, certificate := range []types.NamespacedName{{Namespace: "a", Name: "b"}, {Namespace: "b", Name: "a"}, {Namespace: "a", Name: "a"}, {Namespace: "a", Name: "b.a"}} {
			name, of := orderSecretName(class, certificate), class+" "+certificate.String()
			if other, ok := seen[name]; ok {
				t.Errorf("the Secret of %s is that of %s too", of, other)
			}
			seen[name] = of
		}
	}
}

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
