// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bytes"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// If another order is placed for the same names, the authority hands out the open one again, as many do.
func TestCertificatesForTheSameHostsAtOnceAreNotOrderedTwice(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	http01, https := ports.address(t), ports.address(t)
	p := s.authorityFor(http01, https, nil)
	s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https)...).ready()
	host := s.host("shop")
	ordered := func(name string, keyType v1alpha1.KeyType) *v1alpha1.TLSCertificate {
		c := certificate(name, host)
		c.Spec.AutoRenew, c.Spec.KeyType = new(true), keyType
		return c
	}
	one, two, three := ordered("one", ""), ordered("two", ""), ordered("three", "")
	rsa := ordered("rsa", v1alpha1.KeyTypeRSA2048)
	s.create(one, two, three, rsa, ingress("shop", host, "web"), task("web", startBackend(t, "web-1")))
	chains := map[string][]byte{}
	for _, c := range []*v1alpha1.TLSCertificate{one, two, three, rsa} {
		s.says(c, func() []metav1.Condition { return c.Status.Conditions }, "Ready=True CertificateValid", "Issuing=False UpToDate")
		var secret corev1.Secret
		if err := s.Get(t.Context(), client.ObjectKey{Namespace: s.namespace, Name: c.Name}, &secret); err != nil {
			t.Fatal(err)
		}
		chains[c.Name] = secret.Data[corev1.TLSCertKey]
	}
	if !bytes.Equal(chains["one"], chains["two"]) || !bytes.Equal(chains["two"], chains["three"]) {
		t.Error("what is ordered alike is not the same certificate")
	}
	if n := len(p.orders()); n != 2 {
		t.Errorf("%d orders were placed, want one for each type of key", n)
	}
}
