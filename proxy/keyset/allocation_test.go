//go:build !race

// SPDX-License-Identifier: Apache-2.0

package keyset

import (
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func TestAKnownTokenAllocatesNothing(t *testing.T) {
	v := verifier(t, terms, published("ec", p256))
	token := []byte(sign(t, jose.ES256, p256, "ec", nil, claims(nil)))
	v.Verify(token, now)
	if n := testing.AllocsPerRun(100, func() {
		if v.Known(token, now) == nil {
			t.Fatal("it is not known")
		}
	}); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}
