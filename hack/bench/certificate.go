// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// certificate is the one that every proxy serves.
type certificate struct {
	// certificate and key are PEM. certFile and keyFile hold one each, both holds one after the other.
	certificate, key        []byte
	certFile, keyFile, both string
	parsed                  *x509.Certificate
}

// makeCertificate makes an ECDSA P-256 certificate that signs itself, and writes it into folder.
func makeCertificate(folder, host string) (*certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: host},
		DNSNames:              []string{host},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the key: %w", err)
	}
	c := &certificate{
		certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
		certFile:    filepath.Join(folder, "tls.crt"),
		keyFile:     filepath.Join(folder, "tls.key"),
		both:        filepath.Join(folder, "tls.pem"),
	}
	if c.parsed, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	for file, content := range map[string][]byte{
		c.certFile: c.certificate, c.keyFile: c.key, c.both: slices.Concat(c.certificate, c.key),
	} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return nil, fmt.Errorf("writing the certificate: %w", err)
		}
	}
	return c, nil
}
