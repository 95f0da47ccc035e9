// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// certificateRequired is the answer to who shows no certificate that passes.
const certificateRequired = "403 CertificateRequired"

// shownTo is an Ingress of one host whose clients have to show certificates of an authority in a Secret.
func shownTo(name, host, secret string) string {
	return fmt.Sprintf(`
apiVersion: ingress.warren.dev/v1alpha1
kind: Ingress
metadata: {name: %s}
spec:
  rules: [{host: %s, paths: [{path: /, backend: {serviceName: web, port: %d}}]}]
  tls: {secretName: served, clientCertificate: {caSecretName: %s}}
`, name, host, servicePort, secret)
}

// authority issues certificates to clients.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

var serials atomic.Int64

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serials.Add(1)), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{certificate: certificate, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// client issues a certificate.
func (a *authority) client(t *testing.T, name string) *tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serials.Add(1)), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// bundle is the certificates of authorities.
func bundle(authorities ...*authority) []byte {
	var text bytes.Buffer
	for _, a := range authorities {
		text.Write(a.pem)
	}
	return text.Bytes()
}

// withCertificate is a credential that is shown on a new connection, on one that resumes a session, and on one that
// was made earlier, in turn. Without a certificate it shows none.
func withCertificate(address, host string, certificate *tls.Certificate, name string) *credential {
	config := &tls.Config{ServerName: host, InsecureSkipVerify: true}
	if certificate != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	resuming := config.Clone()
	resuming.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	over := func(config *tls.Config) *lines {
		return &lines{dial: func() (net.Conn, error) {
			return tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", address, config)
		}}
	}
	kept, fresh, again := over(config), over(config), over(resuming)
	var turn atomic.Int64
	return &credential{name: name, ask: func() (answer, error) {
		once := fresh
		switch turn.Add(1) % 3 {
		case 0:
			return kept.ask(host, "", "")
		case 1:
			once = again
		}
		c, err := once.fresh()
		if err != nil {
			return answer{}, err
		}
		defer c.Close()
		got, err := c.get(host, "", "")
		if errors.Is(err, errLast) {
			err = nil
		}
		return got, err
	}}
}
