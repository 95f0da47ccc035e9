// SPDX-License-Identifier: Apache-2.0

package keyset

import (
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func TestKeysThatAreOfNoUseAreLeftOut(t *testing.T) {
	const unread = "cannot be read: write one for RSA of 2048 to 4096 bits, for EC, or for Ed25519"
	with := func(k jose.JSONWebKey, change func(*jose.JSONWebKey)) jose.JSONWebKey { change(&k); return k }
	used := func(use string) func(*jose.JSONWebKey) { return func(k *jose.JSONWebKey) { k.Use = use } }
	only := func(algorithm string) func(*jose.JSONWebKey) {
		return func(k *jose.JSONWebKey) { k.Algorithm = algorithm }
	}
	operations := func(list string) string {
		text := string(must(published("x", p256).MarshalJSON()))
		return strings.TrimSuffix(text, "}") + `, "key_ops": ` + list + `}`
	}
	tests := map[string]struct {
		member any
		fault  string // of a set of it alone; empty if it is taken
	}{
		"RSA":                  {published("x", rsaKey), ""},
		"P-256":                {published("x", p256), ""},
		"P-384":                {published("x", p384), ""},
		"P-521":                {published("x", p521), ""},
		"Ed25519":              {published("x", edKey), ""},
		"for signatures":       {with(published("x", p256), used("sig")), ""},
		"for verifying":        {operations(`["verify"]`), ""},
		"for one algorithm":    {with(published("x", rsaKey), only("PS384")), ""},
		"EdDSA's newer name":   {with(published("x", edKey), only("Ed25519")), ""},
		"for encryption":       {with(published("x", rsaKey), used("enc")), `has the use "enc": write "sig", or none`},
		"for encrypting":       {operations(`["encrypt"]`), `has key_ops without "verify"`},
		"for nothing":          {operations(`[]`), `has key_ops without "verify"`},
		"operations unread":    {operations(`"verify"`), unread},
		"for HS256":            {with(published("x", rsaKey), only("HS256")), `has the alg "HS256", which is none for keys of its type`},
		"for another type":     {with(published("x", rsaKey), only("ES256")), `has the alg "ES256", which is none for keys of its type`},
		"for another curve":    {with(published("x", p256), only("ES384")), `has the alg "ES384", which is none for keys of its type`},
		"for encryption's alg": {with(published("x", rsaKey), only("RSA-OAEP")), `has the alg "RSA-OAEP", which is none for keys of its type`},
		"RSA of 1024 bits":     {published("x", smallRSA), "has 1024 bits: an RSA key has at least 2048"},
		"RSA of 9000 bits": {`{"kty": "RSA", "e": "AQAB", "n": "` + strings.Repeat("_", 9000/6) + `"}`,
			unread},
		"shared secret": {`{"kty": "oct", "k": "` + encoded("a secret of many bytes") + `"}`, "is a secret: write the public key alone"},
		"private key":   {jose.JSONWebKey{Key: p256, KeyID: "x"}, "is a secret: write the public key alone"},
		"unknown type": {`{"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"}`,
			unread},
		"secp256k1": {`{"kty": "EC", "crv": "secp256k1", "x": "AAAA", "y": "AAAA"}`,
			unread},
		"X25519": {`{"kty": "OKP", "crv": "X25519", "x": "` + encoded(strings.Repeat("x", 32)) + `"}`,
			unread},
		"not on its curve": {`{"kty": "EC", "crv": "P-256", "x": "` + encoded(strings.Repeat("x", 32)) + `", "y": "` +
			encoded(strings.Repeat("y", 32)) + `"}`, unread},
		"no object": {`17`, unread},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			alone, err := readKeys([]byte(written(test.member)))
			want := ""
			if test.fault != "" {
				want = "no key of the set can verify tokens; key 1 " + test.fault
			}
			if fault := textOf(err); fault != want || (alone == nil) != (want != "") {
				t.Errorf("alone: %v, %q; want %q", alone, fault, want)
			}
			among, err := readKeys([]byte(written(published("first", p256), test.member, published("last", rsaKey))))
			if err != nil {
				t.Fatal(err)
			}
			expected := 3
			if test.fault != "" {
				expected = 2
			}
			if len(among.all) != expected || among.all[0].id != "first" || among.all[expected-1].id != "last" {
				t.Errorf("among others: %d keys, want %d, and the others among them", len(among.all), expected)
			}
		})
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestASetThatIsNoneHasNoKeys(t *testing.T) {
	tests := map[string]string{
		"":                  `the key set is not JSON with a list of "keys" (RFC 7517)`,
		"<html>":            `the key set is not JSON with a list of "keys" (RFC 7517)`,
		`{"keys": "x"}`:     `the key set is not JSON with a list of "keys" (RFC 7517)`,
		`[]`:                `the key set is not JSON with a list of "keys" (RFC 7517)`,
		`{}`:                `the key set has no "keys" (RFC 7517)`,
		`{"keys": []}`:      `the key set has no "keys" (RFC 7517)`,
		`{"keys": null}`:    `the key set has no "keys" (RFC 7517)`,
		`{"error": "gone"}`: `the key set has no "keys" (RFC 7517)`,
		written() + "x":     `the key set is not JSON with a list of "keys" (RFC 7517)`,
		written(published("", p256)) + strings.Repeat(" ", LongestSet): `the key set has more than 262144 bytes`,
	}
	for text, want := range tests {
		if read, err := readKeys([]byte(text)); read != nil || textOf(err) != want {
			t.Errorf("%.30q: %v, %q; want %q", text, read, textOf(err), want)
		}
	}
}

func TestAVersionIsToldFromOthersByItsKeysAlone(t *testing.T) {
	digest := func(members ...any) [32]byte { return must(readKeys([]byte(written(members...)))).digest }
	a, b := published("a", p256), published("b", rsaKey)
	if digest(a, b) != digest(a, `{"kty": "AKP"}`, b) {
		t.Error("a key that is left out makes another version")
	}
	for _, other := range [][]any{{a}, {b}, {a, published("c", rsaKey)}, {a, published("b", otherRSA)}} {
		if digest(a, b) == digest(other...) {
			t.Errorf("%v is the same version", other)
		}
	}
}

func FuzzReadKeys(f *testing.F) {
	f.Add([]byte(written(published("a", p256), published("b", rsaKey), published("c", edKey), `{"kty": "AKP"}`)))
	f.Add([]byte(`{"keys": [{"kty": "RSA", "e": "AQAB", "n": "AAAA", "use": "sig", "key_ops": ["verify"], "x5c": ["AAAA"]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := readKeys(text)
		if (read == nil) == (err == nil) {
			t.Fatalf("read %v, with error %v", read, err)
		}
		if read != nil && len(read.all) == 0 {
			t.Fatal("a set without keys was read")
		}
	})
}
