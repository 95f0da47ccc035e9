// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"slices"
)

// Certificate downloads the chain of an order that is valid, as PEM with the leaf first. Of several chains it is the
// one that has a certificate issued under the common name preferred, and that which the authority offers first where
// none has or preferred is empty.
func (c *Client) Certificate(ctx context.Context, account Account, order Order, preferred string) ([]byte, error) {
	const step = "downloading the certificate"
	s, err := c.accountSession(ctx, account)
	if err != nil {
		return nil, notPossible(step, err)
	}
	if preferred == "" {
		chain, _, err := s.Certificates.Get(order.Certificate, true)
		if err != nil {
			return nil, s.last.explain(step, err)
		}
		return chain, nil
	}
	chains, err := s.Certificates.GetAll(order.Certificate, true)
	if err != nil {
		return nil, s.last.explain(step, err)
	}
	for _, url := range slices.Sorted(maps.Keys(chains)) {
		if issuedUnder(chains[url].Cert, preferred) {
			return chains[url].Cert, nil
		}
	}
	return chains[order.Certificate].Cert, nil
}

// issuedUnder says whether a certificate of the chain has an issuer of that common name.
func issuedUnder(chain []byte, name string) bool {
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil && certificate.Issuer.CommonName == name {
			return true
		}
	}
	return false
}
