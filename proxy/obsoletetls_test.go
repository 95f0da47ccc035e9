// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// withRSA returns a certificate of its own with an RSA key.
func withRSA(tb testing.TB) tls.Certificate {
	tb.Helper()
	key := rsaKey(tb)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x7a7b7c), Subject: pkix.Name{CommonName: "appliance"}, DNSNames: []string{backendName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// Some appliances learn nothing new any more. A rule may say that its backend is one of them.
func TestObsoleteTLSIsSpokenWhereTheRuleAllowsIt(t *testing.T) {
	t.Parallel()
	certificate := withRSA(t)
	for _, test := range []struct {
		name            string
		oldest, newest  uint16
		suites          []uint16
		refused, served string
	}{
		{"RSA key exchange", tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}, "handshake failure; it may know obsolete versions", "ok"},
		{"3DES", tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}, "handshake failure; it may know obsolete versions", "ok"},
		{"TLS 1.1", tls.VersionTLS11, tls.VersionTLS11, nil, "protocol version not supported; it may know obsolete versions", "ok"},
		{"TLS 1.0", tls.VersionTLS10, tls.VersionTLS10, []uint16{tls.TLS_RSA_WITH_AES_256_CBC_SHA}, "protocol version not supported; it may know obsolete versions", "ok"},
		{"RC4", tls.VersionTLS12, tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}, "handshake failure", "handshake failure"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: test.oldest, MaxVersion: test.newest, CipherSuites: test.suites}
			b := startTLSBackend(t, config, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
			p := serve(t)
			for want, terms := range map[string]snapshot.UpstreamTLS{
				test.refused: {ServerName: backendName, SkipVerify: true},
				test.served:  {ServerName: backendName, SkipVerify: true, Obsolete: true},
			} {
				p.apply(over(terms, everything(b.address)))
				if got := p.get("a", "/"); !strings.Contains(got.Body, want) {
					t.Errorf("%+v: got %d %q, want %q", terms, got.Status, got.Body, want)
				}
				check := snapshot.Check{
					Address: b.address, Path: "/", TLS: true, Obsolete: terms.Obsolete,
					Expected: []snapshot.StatusRange{{First: 200, Last: 200}}, Timeout: patience,
				}
				if got := health.NewProbes(p.dialer, logr.Discard()).Probe(t.Context(), &check); got.Healthy != (want == "ok") {
					t.Errorf("%+v: a probe finds %+v, want the same", terms, got)
				}
			}
		})
	}
}

// main sets what the environment sets here: x509negativeserial=1. It holds for the whole process, so this test runs
// alone.
func TestCertificateWithANegativeSerialIsTaken(t *testing.T) {
	certificate := withRSA(t)
	serial := []byte{0x02, 0x03, 0x7a, 0x7b, 0x7c}
	at := bytes.Index(certificate.Certificate[0], serial)
	if at < 0 {
		t.Fatal("the certificate has no such serial number")
	}
	certificate.Certificate[0][at+2] = 0xfa     // which breaks the signature, and nobody verifies that
	t.Setenv("GODEBUG", "x509negativeserial=1") // the server reads it too
	var err error
	if certificate.Leaf, err = x509.ParseCertificate(certificate.Certificate[0]); err != nil {
		t.Fatal(err)
	}
	b := startTLSBackend(t, &tls.Config{Certificates: []tls.Certificate{certificate}}, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	for _, test := range []struct{ setting, want string }{ // in this order: crypto/tls remembers certificates that it has read
		{"x509negativeserial=0", "UpstreamTLSFailed: TLS with the service failed: failed to parse certificate from server: x509: negative serial number\n"},
		{"x509negativeserial=1", "ok"},
	} {
		t.Setenv("GODEBUG", test.setting)
		p := serve(t)
		p.apply(over(snapshot.UpstreamTLS{ServerName: backendName, SkipVerify: true}, everything(b.address)))
		if got := p.get("a", "/"); got.Body != test.want {
			t.Errorf("%s: got %d %q, want %q", test.setting, got.Status, got.Body, test.want)
		}
	}
}
