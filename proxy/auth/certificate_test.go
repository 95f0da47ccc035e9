// SPDX-License-Identifier: Apache-2.0

package auth

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

	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// own returns a certificate that is its own authority, and its PEM.
func own(t *testing.T, name string) (*x509.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestWhatClientsOfACertificateAreAnswered(t *testing.T) {
	sound, authority := own(t, "sound")
	stranger, _ := own(t, "stranger")
	terms := &clientcert.Terms{Authorities: authority}
	for _, test := range []struct {
		name  string
		of    ClientCertificate
		shown *clientcert.Shown
		want  step.Answer
		page  string
	}{
		{"sound", ClientCertificate{Terms: terms}, clientcert.NewShown([]*x509.Certificate{sound}), step.Answer{}, ""},
		{"none", ClientCertificate{Terms: terms}, clientcert.NewShown(nil), step.Answer{Reason: reason.CertificateRequired, Detail: "the client showed no certificate"}, ""},
		{"none, with a page", ClientCertificate{Terms: terms, ErrorPage: "https://help.example.com/"}, clientcert.NewShown(nil),
			step.Answer{Reason: reason.CertificateRequired, Detail: "the client showed no certificate", Status: 302}, "https://help.example.com/"},
		{"none where it may", ClientCertificate{Terms: terms, Optional: true}, clientcert.NewShown(nil), step.Answer{}, ""},
		{"without TLS where there may be none", ClientCertificate{Terms: terms, Optional: true}, nil, step.Answer{}, ""},
		{"a stranger's, with a status", ClientCertificate{Terms: terms, Optional: true, Status: 400}, clientcert.NewShown([]*x509.Certificate{stranger}),
			step.Answer{Reason: reason.CertificateRequired, Detail: "the certificate is its own authority, which is not known here", Status: 400}, ""},
		{"a stranger's where it may be", ClientCertificate{Terms: terms, Unverified: true}, clientcert.NewShown([]*x509.Certificate{stranger}), step.Answer{}, ""},
		{"another subject, with a status and a page", ClientCertificate{Terms: &clientcert.Terms{Authorities: authority, Subjects: []string{"CN=x"}}, Status: 400, ErrorPage: "https://x"},
			clientcert.NewShown([]*x509.Certificate{sound}), step.Answer{Reason: reason.CertificateRequired, Detail: "the certificate is for a subject that may not come"}, ""},
		{"nobody to judge", ClientCertificate{Missing: "gone"}, clientcert.NewShown([]*x509.Certificate{sound}),
			step.Answer{Reason: reason.AuthUnavailable, Cause: "client-certificate: gone"}, ""},
		{"no authority", ClientCertificate{Terms: &clientcert.Terms{Authorities: "none"}, Optional: true}, clientcert.NewShown(nil),
			step.Answer{Reason: reason.AuthUnavailable, Cause: "client-certificate: the authorities of clients hold no certificate"}, ""},
		{"a pattern that is none", ClientCertificate{Terms: &clientcert.Terms{Authorities: authority, SubjectPattern: "("}, Optional: true}, clientcert.NewShown(nil),
			step.Answer{Reason: reason.AuthUnavailable, Cause: "client-certificate: error parsing regexp: missing closing ): `(`"}, ""},
	} {
		steps, err := test.of.Compile(nil)
		if err != nil {
			t.Fatal(err)
		}
		v := &step.View{Request: new(message.Request), Shown: test.shown, Now: time.Now()}
		got := steps.Request(v)
		page := ""
		for _, f := range v.Fields {
			page = string(f.Value)
		}
		if got != test.want || page != test.page {
			t.Errorf("%s: got %+v, %q, want %+v, %q", test.name, got, page, test.want, test.page)
		}
	}
}

func TestAClientThatIsKnownCostsNothing(t *testing.T) {
	sound, authority := own(t, "sound")
	by := &ClientCertificate{Terms: &clientcert.Terms{Authorities: authority}, Forward: clientcert.NginxCertificate}
	steps, err := by.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	fields := make([]message.Field, 0, 8)
	v := &step.View{Request: &message.Request{Fields: fields}, Shown: clientcert.NewShown([]*x509.Certificate{sound}), Now: time.Now()}
	if n := testing.AllocsPerRun(100, func() {
		v.Request.Fields = fields
		if got := steps.Request(v); got.Reason != reason.None {
			t.Fatalf("got %v", got.Reason)
		}
	}); n != 0 {
		t.Errorf("a request costs %v allocations", n)
	}
	if len(v.Request.Fields) != 4 {
		t.Errorf("the endpoint gets %d fields", len(v.Request.Fields))
	}
}
