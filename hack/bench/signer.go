// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/warren-dev/ingress/test/issuer"
)

const (
	issuerName = "https://id.bench.test"
	audience   = "bench"
	// goodFor is longer than any run.
	goodFor = 24 * time.Hour
)

// signer signs the clients' tokens: by ES256, or with another key by RS256.
type signer struct {
	key    *issuer.Key
	signed []string
}

// signers are those of a run.
type signers struct{ byECDSA, byRSA *signer }

func newSigners() signers {
	return signers{&signer{key: issuer.NewKey()}, &signer{key: issuer.NewRSAKey()}}
}

// of returns the one whose tokens clients prove themselves by.
func (s signers) of(a authentication) *signer {
	if a == verifyRSA {
		return s.byRSA
	}
	return s.byECDSA
}

// keySet returns what tokens are verified by, as a JSON Web Key Set.
func (s signers) keySet() []byte { return issuer.Set(s.byECDSA.key, s.byRSA.key) }

// tokens returns that many, no two of them alike. It signs those that it has not signed before, on all cores.
func (s *signer) tokens(number int) []string {
	now := time.Now()
	from := len(s.signed)
	s.signed = append(s.signed, make([]string, max(0, number-from))...)
	var signing sync.WaitGroup
	workers := runtime.NumCPU()
	for worker := range workers {
		signing.Go(func() {
			for i := from + worker; i < len(s.signed); i += workers {
				s.signed[i] = s.key.Sign(map[string]any{
					"iss": issuerName, "aud": audience, "sub": clientName, "jti": strconv.Itoa(i), "scope": "openid profile email",
					"iat": now.Unix(), "exp": now.Add(goodFor).Unix(),
				})
			}
		})
	}
	signing.Wait()
	return s.signed[:number]
}
