// SPDX-License-Identifier: Apache-2.0

package tlsterms

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

// authority makes an authority for the test and returns its certificate as text.
func authority(tb testing.TB) string {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestTermsThatAreTheSameShareWhatComesOfThem(t *testing.T) {
	t.Parallel()
	one, other := authority(t), authority(t)
	s := NewStore()
	get := func(name, authorities string) *TLS {
		t.Helper()
		got, err := s.Get(Terms{ServerName: name, Authorities: authorities})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := get("a", one)
	if get("a", one) != first || get("a", strings.Clone(one)) != first {
		t.Error("the same terms come to something else, by the same text or by another one of the same words")
	}
	if get("b", one) == first || get("a", other) == first || get("a", "") == first {
		t.Error("other terms come to the same")
	}
	if terms, authorities := s.Size(); terms != 4 || authorities != 2 {
		t.Errorf("%d terms of %d authorities are kept, want 4 of 2", terms, authorities)
	}
	used := Terms{ServerName: "a", Authorities: one}
	s.Use(Terms{})
	s.Use(used)
	s.Use(used)
	s.Drop(used)
	s.Sweep()
	if get("a", one) != first {
		t.Error("terms that are in use were forgotten")
	}
	if terms, authorities := s.Size(); terms != 1 || authorities != 1 {
		t.Errorf("%d terms of %d authorities are kept, want 1 of 1", terms, authorities)
	}
	s.Drop(used)
	s.Drop(Terms{})
	s.Sweep()
	if terms, authorities := s.Size(); terms+authorities != 0 {
		t.Errorf("%d terms and %d authorities are kept, want none", terms, authorities)
	}
}

func TestTermsMayBeNoneAndMayHaveNoAuthority(t *testing.T) {
	t.Parallel()
	s := NewStore()
	if got, err := s.Get(Terms{}); got != nil || err != nil {
		t.Errorf("no TLS comes to %v and %v, want nothing", got, err)
	}
	if _, err := s.Get(Terms{ServerName: "a", Authorities: "none"}); !errors.Is(err, errNoAuthority) {
		t.Errorf("got %v, want %v", err, errNoAuthority)
	}
}
