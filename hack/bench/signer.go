// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"strconv"
	"time"

	"github.com/warren-dev/ingress/test/issuer"
)

const (
	issuerName = "https://id.bench.test"
	audience   = "bench"
	// goodFor is longer than any run.
	goodFor = 24 * time.Hour
)

// signer signs the clients' tokens, by ES256.
type signer struct {
	key    *issuer.Key
	signed []string
}

func newSigner() *signer { return &signer{key: issuer.NewKey()} }

// keySet returns what tokens are verified by, as a JSON Web Key Set.
func (s *signer) keySet() []byte { return issuer.Set(s.key) }

// tokens returns that many, no two of them alike. It signs those that it has not signed before.
func (s *signer) tokens(number int) []string {
	now := time.Now()
	for len(s.signed) < number {
		s.signed = append(s.signed, s.key.Sign(map[string]any{
			"iss": issuerName, "aud": audience, "sub": clientName, "jti": strconv.Itoa(len(s.signed)), "scope": "openid profile email",
			"iat": now.Unix(), "exp": now.Add(goodFor).Unix(),
		}))
	}
	return s.signed[:number]
}
