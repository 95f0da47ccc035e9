// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"time"
)

// How keys sign (RFC 7518): ECDSA on P-256 with SHA-256, unless they are of RSA. An issuer's own are not.
const (
	algorithm    = "ES256"
	rsaAlgorithm = "RS256"
)

// Key signs tokens.
type Key struct {
	// ID is its kid, which no other has.
	ID string
	// One of these signs.
	private    *ecdsa.PrivateKey
	rsaPrivate *rsa.PrivateKey
}

// NewKey makes a key.
func NewKey() *Key {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // there is always randomness
	}
	return &Key{ID: rand.Text(), private: private}
}

// NewRSAKey makes a key that signs by RS256.
func NewRSAKey() *Key {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // there is always randomness
	}
	return &Key{ID: rand.Text(), rsaPrivate: private}
}

// Set is a JSON Web Key Set of these keys (RFC 7517).
func Set(keys ...*Key) []byte {
	list := make([]map[string]string, 0, len(keys))
	for _, k := range keys {
		if k.rsaPrivate != nil {
			list = append(list, map[string]string{
				"kty": "RSA", "use": "sig", "alg": rsaAlgorithm, "kid": k.ID,
				"n": encode(k.rsaPrivate.N.Bytes()), "e": encode(big.NewInt(int64(k.rsaPrivate.E)).Bytes()),
			})
			continue
		}
		point, err := k.private.PublicKey.Bytes() // 4, and both coordinates
		if err != nil {
			panic(err) // the curve has such points
		}
		list = append(list, map[string]string{
			"kty": "EC", "crv": "P-256", "use": "sig", "alg": algorithm, "kid": k.ID, "x": encode(point[1:33]), "y": encode(point[33:]),
		})
	}
	return marshal(map[string]any{"keys": list})
}

// Sign returns a token with these claims, which the key has signed.
func (k *Key) Sign(claims map[string]any) string {
	name, sign := algorithm, k.signECDSA
	if k.rsaPrivate != nil {
		name, sign = rsaAlgorithm, k.signRSA
	}
	text := encode(marshal(map[string]string{"alg": name, "typ": "JWT", "kid": k.ID})) + "." + encode(marshal(claims))
	hash := sha256.Sum256([]byte(text))
	return text + "." + encode(sign(hash[:]))
}

func (k *Key) signECDSA(hash []byte) []byte {
	r, s, err := ecdsa.Sign(rand.Reader, k.private, hash)
	if err != nil {
		panic(err) // the key is one for signing
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature
}

func (k *Key) signRSA(hash []byte) []byte {
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.rsaPrivate, crypto.SHA256, hash)
	if err != nil {
		panic(err) // the key is one for signing
	}
	return signature
}

// Publish has the issuer publish these keys, and no others. The last one signs.
func (i *Issuer) Publish(keys ...*Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

// Token returns a token of the issuer that is good for an hour, with these claims besides or instead.
func (i *Issuer) Token(claims map[string]any) string {
	i.mu.Lock()
	key := i.keys[len(i.keys)-1]
	i.mu.Unlock()
	return i.TokenBy(key, claims)
}

// TokenBy is Token by a key that the issuer need not have published.
func (i *Issuer) TokenBy(key *Key, claims map[string]any) string {
	now := time.Now()
	all := map[string]any{"iss": i.Name, "aud": i.Client, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	maps.Copy(all, claims)
	return key.Sign(all)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func marshal(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("what a test says is no JSON: %v", err))
	}
	return text
}
