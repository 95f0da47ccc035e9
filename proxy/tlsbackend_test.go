// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// testAuthority signs the certificates of backends.
type testAuthority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	// pem is what a pool trusts it by.
	pem string
}

func newAuthority(tb testing.TB, name string) *testAuthority {
	tb.Helper()
	a := &testAuthority{key: ecdsaKey(tb), certificate: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}}
	der, err := x509.CreateCertificate(rand.Reader, a.certificate, a.certificate, a.key.Public(), a.key)
	if err != nil {
		tb.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		tb.Fatal(err)
	}
	a.pem = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return a
}

// sign makes a certificate for a server of these names or addresses. changes may change the certificate first.
func (a *testAuthority) sign(tb testing.TB, names []string, changes ...func(*x509.Certificate)) tls.Certificate {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "backend"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	for _, change := range changes {
		change(template)
	}
	key := ecdsaKey(tb)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		tb.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// backendName is the name that pools of these tests expect certificates to be for.
const backendName = "api.default.svc"

// trusting returns TLS for backends whose certificates are for backendName and come from a.
func trusting(a *testAuthority) snapshot.UpstreamTLS {
	return snapshot.UpstreamTLS{ServerName: backendName, Authorities: a.pem}
}

// startTLSBackend is startBackend over TLS.
func startTLSBackend(tb testing.TB, config *tls.Config, handler http.HandlerFunc) *backend {
	tb.Helper()
	b := newBackend(handler)
	b.server.TLS = config
	b.server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that have to fail log here
	b.server.StartTLS()
	b.started(tb)
	return b
}

// over makes the proxy speak TLS to the snapshot's only pool.
func over(u snapshot.UpstreamTLS, s *snapshot.Snapshot) *snapshot.Snapshot {
	s.Pools[0].TLS = u
	return s
}
