package controllers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// spring and summer are when most certificates of tests begin and end.
var (
	spring = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	summer = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
)

// keyPair is a certificate and its key in PEM.
type keyPair struct{ chain, key []byte }

// newKeyPair makes a certificate that signed itself.
func newKeyPair(t *testing.T, notBefore, notAfter time.Time, names ...string) keyPair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(notBefore.Unix()), Subject: pkix.Name{CommonName: "common.name"},
		NotBefore: notBefore, NotAfter: notAfter, DNSNames: names}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{
		chain: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		key:   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}),
	}
}

// secret is a Secret of type kubernetes.io/tls that holds the pair.
func (p keyPair) secret(namespace, name string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Type:       corev1.SecretTypeTLS,
		Data:       map[string][]byte{corev1.TLSCertKey: p.chain, corev1.TLSPrivateKeyKey: p.key},
	}
}
