// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// largestKey is the size in bits of the largest RSA key that is served. A handshake with it costs some milliseconds
// of a processor.
const largestKey = 4096

// handshakers begin handshakes at the same time, one after another, and leave before they have to do their own part.
const handshakers = 16

// A tenant has a certificate with the largest key that there may be. A client begins handshakes for it.
func TestHandshakesThatCostMuch(t *testing.T) {
	s := newStage(t)
	const host = "costly.example.com"
	s.create(costlySecret(t, s.b, "costly", host))
	costly := ingressOf(s.b, "costly", host, "/")
	costly.Spec.TLS = &v1alpha1.IngressTLS{SecretName: "costly"}
	s.create(costly)
	eventually(t, "the certificate", func() error {
		_, err := halfHandshake(t.Context(), s.replica().https, host)
		return err
	})
	var begun, answered atomic.Int64
	s.attackAnew(attackTime, "handshakes that cost much", func(ctx context.Context) {
		var running sync.WaitGroup
		for range handshakers {
			running.Go(func() {
				for ctx.Err() == nil {
					begun.Add(1)
					if ok, _ := halfHandshake(ctx, s.replica().https, host); ok {
						answered.Add(1)
					}
				}
			})
		}
		running.Wait()
	})
	fmt.Printf("%-44s %d handshakes begun, %d signatures\n", "what they led to", begun.Load(), answered.Load())
	if answered.Load() == 0 {
		t.Error("no handshake cost a signature: it was no attack")
	}
}

var errSeen = errors.New("the certificate was seen")

// halfHandshake goes through a handshake until the server's certificate has come, with which its signature comes.
func halfHandshake(ctx context.Context, address, host string) (signed bool, err error) {
	dialer := tls.Dialer{NetDialer: &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(attacker)}}, Config: &tls.Config{
		ServerName: host, InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error { return errSeen },
	}}
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err == nil {
		return true, c.Close()
	}
	if errors.Is(err, errSeen) {
		return true, nil
	}
	return false, err
}

// costlySecret returns a Secret with a certificate that signed itself.
func costlySecret(t *testing.T, namespace, name, host string) *corev1.Secret {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, largestKey)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	var chain, secret bytes.Buffer
	if err := errors.Join(pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		pem.Encode(&secret, &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})); err != nil {
		t.Fatal(err)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{corev1.TLSCertKey: chain.Bytes(), corev1.TLSPrivateKeyKey: secret.Bytes()},
	}
}
