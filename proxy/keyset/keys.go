// SPDX-License-Identifier: Apache-2.0

package keyset

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/warren-dev/ingress/proxy/kept"
)

// keys are what one version of a set has, of that which tokens can be verified by.
type keys struct {
	all []key
	// digest tells this version from others.
	digest kept.Digest
}

// key is one of them.
type key struct {
	id string
	// algorithm is the only one that it is for. Empty for any of its type.
	algorithm jose.SignatureAlgorithm
	public    crypto.PublicKey
}

const (
	// LongestSet bounds the text of a set, in bytes. Issuers have some 2 to 20 KB.
	LongestSet = 256 << 10
	// mostKeys bounds how many keys of a set are read.
	mostKeys = 200
	// leastRSA bounds RSA keys, in bits (RFC 7518, section 3.3). go-jose takes none of more than 4096.
	leastRSA = 2048
)

// ed25519Name is the name that RFC 9864 has given to EdDSA with Ed25519. go-jose does not know it.
const ed25519Name jose.SignatureAlgorithm = "Ed25519"

// fits has the algorithms that tokens may be signed by, each with the keys that it takes. None of them has a secret
// that both sides know.
var fits = map[jose.SignatureAlgorithm]func(crypto.PublicKey) bool{
	jose.RS256: isRSA, jose.RS384: isRSA, jose.RS512: isRSA,
	jose.PS256: isRSA, jose.PS384: isRSA, jose.PS512: isRSA,
	jose.ES256: onCurve(elliptic.P256()), jose.ES384: onCurve(elliptic.P384()), jose.ES512: onCurve(elliptic.P521()),
	jose.EdDSA: isEd25519, ed25519Name: isEd25519,
}

// algorithms are those names.
var algorithms = func() (names []jose.SignatureAlgorithm) {
	for name := range fits {
		names = append(names, name)
	}
	return names
}()

func isRSA(k crypto.PublicKey) bool { _, ok := k.(*rsa.PublicKey); return ok }

func isEd25519(k crypto.PublicKey) bool { _, ok := k.(ed25519.PublicKey); return ok }

func onCurve(curve elliptic.Curve) func(crypto.PublicKey) bool {
	return func(k crypto.PublicKey) bool {
		ec, ok := k.(*ecdsa.PublicKey)
		return ok && ec.Curve == curve
	}
}

// former returns the name of an algorithm that was one before RFC 9864.
func former(name jose.SignatureAlgorithm) jose.SignatureAlgorithm {
	if name == ed25519Name {
		return jose.EdDSA
	}
	return name
}

// readKeys reads a set. Keys that are of no use are left out, as RFC 7517, section 5, demands of those that are not
// understood. If none is left, that is an error that says what is wrong with the first.
func readKeys(text []byte) (*keys, error) {
	if len(text) > LongestSet {
		return nil, fmt.Errorf("the key set has more than %d bytes", LongestSet)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, errors.New(`the key set is not JSON with a list of "keys" (RFC 7517)`)
	}
	if len(set.Keys) == 0 {
		return nil, errors.New(`the key set has no "keys" (RFC 7517)`)
	}
	read := new(keys)
	var fault error
	var told []byte
	for i, member := range set.Keys[:min(len(set.Keys), mostKeys)] {
		k, thumbprint, err := readKey(member)
		if err != nil {
			if fault == nil {
				fault = fmt.Errorf("no key of the set can verify tokens; key %d %w", i+1, err)
			}
			continue
		}
		read.all = append(read.all, k)
		told = fmt.Appendf(told, "%q %q %x\n", k.id, k.algorithm, thumbprint)
	}
	if len(read.all) == 0 {
		return nil, fault
	}
	read.digest = kept.DigestOf(told)
	return read, nil
}

// readKey reads a key of a set. The error goes on after which key it is, and tells nothing of the key.
func readKey(text []byte) (k key, thumbprint []byte, err error) {
	var limits struct {
		Operations []string `json:"key_ops"`
	}
	var read jose.JSONWebKey
	if json.Unmarshal(text, &limits) != nil || read.UnmarshalJSON(text) != nil {
		return key{}, nil, errors.New("cannot be read: write one for RSA of 2048 to 4096 bits, for EC, or for Ed25519")
	}
	switch {
	case !read.IsPublic():
		return key{}, nil, errors.New("is a secret: write the public key alone")
	case read.Use != "" && read.Use != "sig":
		return key{}, nil, fmt.Errorf(`has the use %.20q: write "sig", or none`, read.Use)
	case limits.Operations != nil && !slices.Contains(limits.Operations, "verify"):
		return key{}, nil, errors.New(`has key_ops without "verify"`)
	}
	k = key{id: read.KeyID, algorithm: jose.SignatureAlgorithm(read.Algorithm), public: read.Key}
	if k.algorithm != "" {
		if takes := fits[k.algorithm]; takes == nil || !takes(k.public) {
			return key{}, nil, fmt.Errorf("has the alg %.20q, which is none for keys of its type", read.Algorithm)
		}
	}
	if r, ok := k.public.(*rsa.PublicKey); ok && r.N.BitLen() < leastRSA {
		return key{}, nil, fmt.Errorf("has %d bits: an RSA key has at least %d", r.N.BitLen(), leastRSA)
	}
	k.algorithm = former(k.algorithm)
	thumbprint, err = read.Thumbprint(crypto.SHA256)
	return k, thumbprint, err
}

// mostTried is how many keys a token is verified by, if it does not name one. Issuers have fewer of a type. A
// token that nobody has signed costs no more than that.
const mostTried = 16

// candidates appends the keys that a token of that id and algorithm may be signed by. A key without an id may be the
// one. named is set if the set has the one that the token names.
func (k *keys) candidates(to []*key, id string, algorithm jose.SignatureAlgorithm) (_ []*key, named bool) {
	takes := fits[algorithm]
	for i := range k.all {
		candidate := &k.all[i]
		if id != "" && candidate.id != "" && candidate.id != id {
			continue
		}
		named = named || id != "" && candidate.id == id
		if len(to) == mostTried || !takes(candidate.public) {
			continue
		}
		if candidate.algorithm == "" || candidate.algorithm == former(algorithm) {
			to = append(to, candidate)
		}
	}
	return to, named
}
