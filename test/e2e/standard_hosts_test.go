// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// selfSigned makes a Secret with a certificate for a host. It returns the pool that trusts it, too.
func selfSigned(t *testing.T, name, host string) (*corev1.Secret, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(chain)
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeTLS, Data: map[string][]byte{
		corev1.TLSCertKey: chain, corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})}}, trusted
}

func TestHostsOfAStandardIngress(t *testing.T) {
	s := newScene(t)
	s.backends("wildcard", "exact")
	wildcard, exact := "wild."+s.host(), "foo.bar."+s.host()
	secret, trusted := selfSigned(t, "hosts-tls", exact)
	s.create(secret)
	named := standardPath(networkingv1.PathTypePrefix, "/", "exact")
	named.Backend.Service.Port = networkingv1.ServiceBackendPort{Name: "http"}
	object := standard("host-rules",
		standardRule("*."+wildcard, standardPath(networkingv1.PathTypePrefix, "/", "wildcard")), standardRule(exact, named))
	object.Spec.TLS = []networkingv1.IngressTLS{{Hosts: []string{exact}, SecretName: "hosts-tls"}}
	s.exposes(object)
	answersAre(t, []standardCase{
		{"an exact host", exact, "/", "exact"},
		{"a host beside an exact one", "subdomain.bar." + s.host(), "/", ""},
		{"a host that a wildcard is for", "bar." + wildcard, "/", "wildcard"},
		{"a host two labels below a wildcard", "baz.bar." + wildcard, "/", ""},
		{"the host that a wildcard is below", wildcard, "/", ""},
	})
	t.Run("an exact host over TLS, with its own certificate", func(t *testing.T) {
		client := newSecureClient(false, trusted)
		eventually(t, "the answer", func(ctx context.Context) error {
			got, err := exchange(ctx, client, request{method: http.MethodGet, host: exact, target: "/", secure: true})
			if err != nil {
				return err
			}
			return answered("exact")(got)
		})
	})
}
