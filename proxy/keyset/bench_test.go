// SPDX-License-Identifier: Apache-2.0

package keyset

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// BenchmarkVerify is what a token costs that nobody has seen before.
func BenchmarkVerify(b *testing.B) {
	set := must(Read(written(published("rsa", rsaKey), published("ec", p256), published("ed", edKey))))
	for _, test := range []struct {
		algorithm jose.SignatureAlgorithm
		key       any
		id        string
	}{{jose.RS256, rsaKey, "rsa"}, {jose.ES256, p256, "ec"}, {jose.EdDSA, edKey, "ed"}} {
		b.Run(string(test.algorithm), func(b *testing.B) {
			v := New().Verifier(set, terms)
			tokens := make([][]byte, b.N)
			for i := range tokens {
				tokens[i] = []byte(sign(b, test.algorithm, test.key, test.id, nil, claims(map[string]any{"jti": i})))
			}
			b.ReportAllocs()
			b.ResetTimer()
			for _, token := range tokens {
				if _, outcome, why := v.Verify(token, now); outcome != Verified {
					b.Fatal(why)
				}
			}
		})
	}
}

// BenchmarkSignature is what of that the signature alone costs, which nobody can do without.
func BenchmarkSignature(b *testing.B) {
	text := []byte(sign(b, jose.ES256, p256, "k", nil, claims(nil)))
	text = text[:bytes.LastIndexByte(text, '.')]
	sum := sha256.Sum256(text)
	byRSA, byEC := must(rsaKey.Sign(rand.Reader, sum[:], crypto.SHA256)), must(p256.Sign(rand.Reader, sum[:], crypto.SHA256))
	byEd := must(edKey.Sign(nil, text, crypto.Hash(0)))
	for _, test := range []struct {
		algorithm jose.SignatureAlgorithm
		verify    func(sum []byte) bool
	}{
		{jose.RS256, func(sum []byte) bool { return rsa.VerifyPKCS1v15(&rsaKey.PublicKey, crypto.SHA256, sum, byRSA) == nil }},
		{jose.ES256, func(sum []byte) bool { return ecdsa.VerifyASN1(&p256.PublicKey, sum, byEC) }},
		{jose.EdDSA, func([]byte) bool { return ed25519.Verify(edKey.Public().(ed25519.PublicKey), text, byEd) }},
	} {
		b.Run(string(test.algorithm), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if sum := sha256.Sum256(text); !test.verify(sum[:]) {
					b.Fatal("the signature is wrong")
				}
			}
		})
	}
}
