// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"testing"
	"time"
)

// The setting in main.go is for the whole program, and so for its tests.
func TestCertificatesWithANegativeSerialAreRead(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(0x7a7b7c), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der[bytes.Index(der, []byte{0x02, 0x03, 0x7a, 0x7b, 0x7c})+2] = 0xfa
	if c, err := x509.ParseCertificate(der); err != nil || c.SerialNumber.Sign() >= 0 {
		t.Errorf("got %v, want a certificate with a negative serial number", err)
	}
}
