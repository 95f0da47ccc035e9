// SPDX-License-Identifier: Apache-2.0

package clientcert

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
)

// issuing is an authority that tests issue certificates with.
type issuing struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

var serial int64 = 100 // tests that issue do not run at the same time

// issue issues a certificate of an authority's, or one that is its own issuer's if of is nil.
func (of *issuing) issue(t *testing.T, name string, change ...func(*x509.Certificate)) *issuing {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: start.Add(-time.Hour), NotAfter: start.Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, f := range change {
		f(template)
	}
	parent, signer := template, key
	if of != nil {
		parent, signer = of.Certificate, of.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &issuing{c, key}
}

// start is the time that tests begin at.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func authority(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.ExtKeyUsage = true, true, nil
	c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	c.NotBefore, c.NotAfter = start.Add(-24*time.Hour), start.Add(24*time.Hour)
}

func (of *issuing) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: of.Raw}))
}

// revoke returns a list of an authority's that holds for an hour.
func (of *issuing) revoke(t *testing.T, list []*issuing, change ...func(*x509.RevocationList)) string {
	t.Helper()
	template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: start.Add(-time.Hour), NextUpdate: start.Add(time.Hour / 2)}
	for _, c := range list {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: start})
	}
	for _, f := range change {
		f(template)
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, of.Certificate, of.key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
}

func chain(of ...*issuing) (list []*x509.Certificate) {
	for _, c := range of {
		list = append(list, c.Certificate)
	}
	return list
}

func verifier(t *testing.T, terms *Terms) *Verifier {
	t.Helper()
	v, err := NewVerifier(terms)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
