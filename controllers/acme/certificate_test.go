// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"testing"
	"time"
)

// issued is a certificate for x.io under an issuer of that name.
func issued(t *testing.T, issuer string, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	parent := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: issuer}, SubjectKeyId: []byte{1, 2, 3}}
	template := &x509.Certificate{SerialNumber: big.NewInt(0x87654321), Subject: pkix.Name{CommonName: "x.io"}, DNSNames: []string{"x.io"},
		NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func TestOfSeveralChainsThePreferredOneIsTaken(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	key := newKey(t)
	chains := map[string]string{}
	for path, issuer := range map[string]string{"/certificate/1": "Root X1", "/certificate/2": "Root X2"} {
		chains[path] = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issued(t, issuer, key).Raw}))
	}
	a.on("/certificate", func(w http.ResponseWriter, m message) {
		if m.path == "/certificate/1" {
			w.Header().Set("Link", fmt.Sprintf(`<%s/certificate/2>;rel="alternate"`, a.URL))
		}
		_, _ = w.Write([]byte(chains[m.path]))
	})
	for preferred, want := range map[string]string{"": "/certificate/1", "Root X1": "/certificate/1", "Root X2": "/certificate/2", "Root X9": "/certificate/1"} {
		got, err := a.client().Certificate(t.Context(), a.account(), Order{Certificate: a.URL + "/certificate/1"}, preferred)
		if err != nil || string(got) != chains[want] {
			t.Errorf("preferring %q gives another chain than %s (%v)", preferred, want, err)
		}
	}
}
