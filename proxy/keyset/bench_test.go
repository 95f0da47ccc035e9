// SPDX-License-Identifier: Apache-2.0

package keyset

import (
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
