// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/certificates"
)

// newPrivateKey makes the private key of a certificate that is about to be ordered. It returns the key as PEM.
func newPrivateKey(kind v1alpha1.KeyType) ([]byte, error) {
	var key crypto.Signer
	var err error
	if kind == v1alpha1.KeyTypeRSA2048 {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return nil, fmt.Errorf("making the certificate's key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the certificate's key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func parsePrivateKey(key []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, errors.New("the pending key in the working Secret is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	signer, ok := parsed.(crypto.Signer)
	if err != nil || !ok {
		return nil, errors.New("the pending key in the working Secret cannot be read")
	}
	return signer, nil
}

// certificateRequest makes the request that finalizes an order. It returns the request as DER.
func certificateRequest(key []byte, hosts []string) ([]byte, error) {
	signer, err := parsePrivateKey(key)
	if err != nil {
		return nil, err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: hosts}, signer)
	if err != nil {
		return nil, fmt.Errorf("making the certificate request: %w", err)
	}
	return request, nil
}

// pendingKeyType returns the type of a pending key, or nothing if the key cannot be read.
func pendingKeyType(key []byte) v1alpha1.KeyType {
	signer, err := parsePrivateKey(key)
	if err != nil {
		return ""
	}
	return certificates.KeyTypeOf(signer.Public())
}
