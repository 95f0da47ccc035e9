// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

const (
	// ordersPerDay are allowed, and a namespace that takes all that it can get has a quarter of them.
	ordersPerDay, shareOfOrders = 20, 5
	// wantedCertificates is how many one tenant asks for, each by an account of its own.
	wantedCertificates = 40
	// orderTime is how long that tenant has for it.
	orderTime = 8 * time.Second
)

// A tenant asks for more certificates than may be ordered in a day, and names an address of its own for each. Every
// other address is none that the authority takes. Then another tenant asks for a certificate.
func TestOrdersThatTakeAllOfADay(t *testing.T) {
	t.Parallel()
	a := startAuthority(t)
	s := newStageApart(t, launch{arguments: append(a.arguments(), "--acme-account-per-email", fmt.Sprintf("--acme-orders-per-day=%d", ordersPerDay))})
	s.serve(s.a, "honest", "honest.example.com", "/", startBackend(t, answerWith("a")))
	many := &v1alpha1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: s.b, Name: "many"}}
	for i := range wantedCertificates {
		many.Spec.Rules = append(many.Spec.Rules, ingressOf(s.b, "many", fmt.Sprintf("h%d.many.example.com", i), "/").Spec.Rules...)
	}
	s.create(many)
	s.besideSlow(orderTime, "orders that take all of a day", func(ctx context.Context) {
		for i := range wantedCertificates {
			// Two full stops in a row are in no address (RFC 5322, section 3.2.3).
			address := fmt.Sprintf([]string{"tenant-%d@example.com", "tenant..%d@example.com"}[i%2], i)
			s.tries(certificateFor(s.b, fmt.Sprint("many-", i), fmt.Sprintf("h%d.many.example.com", i), address))
		}
		<-ctx.Done()
	})
	asked := time.Now()
	s.create(certificateFor(s.a, "honest", "honest.example.com", ""))
	eventually(t, "the other namespace's certificate", func() error { return s.isCertified(s.a, "honest") })
	took := time.Since(asked)
	got, accounts := s.secretsOf(s.b, corev1.SecretTypeTLS), 0
	eventually(t, "no more keys of accounts to be kept than there may be", func() error {
		// One is kept while the authority is asked to register it.
		if accounts = s.secretsOf(s.system, "ingress.warren.dev/acme-account"); accounts > shareOfOrders+1 {
			return fmt.Errorf("there are %d, at most %d may be", accounts, shareOfOrders+1)
		}
		return nil
	})
	fmt.Printf("%-44s %d of %d certificates, %d accounts, another namespace's certificate after %s\n",
		"what they led to", got, wantedCertificates, accounts, took.Round(time.Millisecond))
	if got == 0 || got > shareOfOrders {
		t.Errorf("the tenant got %d certificates of the %d that there may be in a day, at most %d are its share", got, ordersPerDay, shareOfOrders)
	}
}

// isCertified fails unless a TLSCertificate has its certificate.
func (s *stage) isCertified(namespace, name string) error {
	var c v1alpha1.TLSCertificate
	if err := s.Get(s.t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &c); err != nil {
		return err
	}
	if !meta.IsStatusConditionTrue(c.Status.Conditions, v1alpha1.ConditionReady) {
		return fmt.Errorf("its conditions are %v", c.Status.Conditions)
	}
	return nil
}

// certificateFor is a TLSCertificate to order.
func certificateFor(namespace, name, host, email string) *v1alpha1.TLSCertificate {
	return &v1alpha1.TLSCertificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.TLSCertificateSpec{Hosts: []v1alpha1.CertificateHost{v1alpha1.CertificateHost(host)},
			SecretName: v1alpha1.SecretName(name), Email: v1alpha1.Email(email)},
	}
}

// secretsOf returns how many Secrets of a type a namespace has.
func (s *stage) secretsOf(namespace string, wanted corev1.SecretType) int {
	s.t.Helper()
	var secrets corev1.SecretList
	if err := s.List(s.t.Context(), &secrets, client.InNamespace(namespace), client.MatchingFields{"type": string(wanted)}); err != nil {
		s.t.Fatal(err)
	}
	return len(secrets.Items)
}
