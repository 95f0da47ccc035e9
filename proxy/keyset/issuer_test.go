// SPDX-License-Identifier: Apache-2.0

package keyset

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// What tests sign with. Keys are made once: an RSA key takes a while.
var (
	rsaKey   = must(rsa.GenerateKey(rand.Reader, 2048))
	otherRSA = must(rsa.GenerateKey(rand.Reader, 2048))
	smallRSA = must(rsa.GenerateKey(rand.Reader, 1024))
	p256     = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p384     = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	p521     = must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	// Nobody publishes these.
	strangerRSA = must(rsa.GenerateKey(rand.Reader, 2048))
	strangerEC  = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	edKey       = func() ed25519.PrivateKey { _, k, err := ed25519.GenerateKey(rand.Reader); return must(k, err) }()
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// now is when the tests' tokens are verified.
var now = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// claims are those of a token that is taken, with changes. A change to nil leaves a claim out.
func claims(changes map[string]any) map[string]any {
	all := map[string]any{
		"iss": "https://id.example.com", "aud": "shop", "sub": "alice", "exp": now.Add(time.Hour).Unix(), "iat": now.Unix(),
	}
	for name, value := range changes {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	return all
}

// header is that of a token.
type header map[jose.HeaderKey]any

// sign returns a token.
func sign(t testing.TB, algorithm jose.SignatureAlgorithm, key any, id string, more header, said any) string {
	t.Helper()
	payload, ok := said.(string)
	if !ok {
		payload = string(must(json.Marshal(said)))
	}
	if algorithm == ed25519Name { // go-jose does not sign by that name
		head := map[string]any{"alg": "Ed25519", "kid": id}
		text := encoded(string(must(json.Marshal(head)))) + "." + encoded(payload)
		return text + "." + encoded(string(ed25519.Sign(key.(ed25519.PrivateKey), []byte(text))))
	}
	options := &jose.SignerOptions{ExtraHeaders: more}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: id}}, options)
	if err != nil {
		t.Fatal(err)
	}
	return must(must(signer.Sign([]byte(payload))).CompactSerialize())
}

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// written is a set as text, of JWKs or of texts.
func written(members ...any) string {
	texts := make([]string, len(members))
	for i, member := range members {
		if text, ok := member.(string); ok {
			texts[i] = text
		} else {
			texts[i] = string(must(json.Marshal(member)))
		}
	}
	return `{"keys": [` + strings.Join(texts, ",") + `]}`
}

// published is the public part of a key.
func published(id string, key crypto.Signer) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key.Public(), KeyID: id}
}
