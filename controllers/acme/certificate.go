// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"slices"
)

// Certificate downloads the chain of a valid order, as PEM with the leaf first. Of several chains it takes the one with
// a certificate that was issued under the common name preferred. If there is none, or preferred is empty, it takes the
// one that the authority offers first.
func (c *Client) Certificate(ctx context.Context, account Account, order Order, preferred string) ([]byte, error) {
	const step = "downloading the certificate"
	s, err := c.accountSession(ctx, account)
	if err != nil {
		return nil, notPossible(step, err)
	}
	if preferred == "" {
		chain, _, err := s.Certificates.Get(order.Certificate, true)
		if err != nil {
			return nil, s.transport.explain(step, err)
		}
		return chain, nil
	}
	chains, err := s.Certificates.GetAll(order.Certificate, true)
	if err != nil {
		return nil, s.transport.explain(step, err)
	}
	for _, url := range slices.Sorted(maps.Keys(chains)) {
		if issuedUnder(chains[url].Cert, preferred) {
			return chains[url].Cert, nil
		}
	}
	return chains[order.Certificate].Cert, nil
}

// issuedUnder returns whether a certificate of the chain has an issuer of that common name.
func issuedUnder(chain []byte, name string) bool {
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil && certificate.Issuer.CommonName == name {
			return true
		}
	}
	return false
}
