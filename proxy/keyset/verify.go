// SPDX-License-Identifier: Apache-2.0

package keyset

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"github.com/warren-dev/ingress/proxy/kept"
)

// Outcome is what came of verifying a token.
type Outcome uint8

const (
	// Verified means that the token is what the terms ask for.
	Verified Outcome = iota
	// Refused means that it is not.
	Refused
	// Waiting means that the set has to be fetched before that can be said: see [Verifier.Wait].
	Waiting
	// Unavailable means that the set cannot be had.
	Unavailable
)

const (
	// LongestToken bounds a token, in bytes.
	LongestToken = 8 << 10
	// keptFor is how long a token that was verified is taken without verifying it again.
	keptFor = 5 * time.Minute
)

// Verifier verifies tokens under terms. What it finds out is kept beyond it, for another one of the same terms.
type Verifier struct {
	sets  *Sets
	set   *Set
	terms Terms
	// digest is the terms'.
	digest kept.Digest
}

// Verifier returns what verifies tokens by a set.
func (s *Sets) Verifier(set *Set, terms Terms) *Verifier {
	return &Verifier{sets: s, set: set, terms: terms, digest: terms.digest()}
}

// Known returns the claims of a token that was verified lately, by the keys that the set has now. Otherwise it
// returns nil. It allocates nothing.
func (v *Verifier) Known(token []byte, now time.Time) *Claims {
	keys := v.set.keys(now)
	if keys == nil || len(token) > LongestToken {
		return nil
	}
	key := v.sets.verified.Key(v.digest, keys.digest, kept.DigestOf(token))
	claims, _ := v.sets.verified.Get(&key, now)
	return claims
}

// Verify verifies a token. It does not wait. If the token is refused, why says so in words that anybody may read.
func (v *Verifier) Verify(token []byte, now time.Time) (claims *Claims, outcome Outcome, why string) {
	if claims := v.Known(token, now); claims != nil {
		return claims, Verified, ""
	}
	signed, said, why := parse(token)
	if why != "" {
		return nil, Refused, why
	}
	if claims, why = v.terms.check(said, now); why != "" { // before anybody fetches keys for it
		return nil, Refused, why
	}
	keys := v.set.keys(now)
	if keys == nil {
		return nil, v.set.without(now), ""
	}
	if why, missing := signed.verify(keys); missing && v.set.url != "" {
		return nil, Waiting, why
	} else if why != "" {
		return nil, Refused, why
	}
	key := v.sets.verified.Key(v.digest, keys.digest, kept.DigestOf(token))
	v.sets.verified.Put(&key, claims, now, claims.until)
	return claims, Verified, ""
}

// Wait verifies a token of a client that has to wait. It has the set fetched, and waits for that until the context
// ends.
func (v *Verifier) Wait(ctx context.Context, client netip.Addr, token []byte) (claims *Claims, outcome Outcome, why string) {
	began := time.Now()
	for {
		claims, outcome, why = v.Verify(token, time.Now())
		if outcome != Waiting {
			return claims, outcome, why
		}
		fetched, err := v.set.fetchSince(ctx, client, began)
		if err != nil {
			return nil, Unavailable, ""
		}
		if fetched {
			if claims, outcome, why = v.Verify(token, time.Now()); outcome == Waiting {
				outcome = Refused
			}
			return claims, outcome, why
		}
	}
}

// token is a token with one signature.
type token struct {
	jws *jose.JSONWebSignature
	// text is what was signed.
	text []byte
}

// parse reads a token and what it says, which nobody has verified. why says why it cannot be one.
func parse(text []byte) (t token, claims map[string]any, why string) {
	const malformed = "the token is not a signed JWT (RFC 7519)"
	dot := bytes.LastIndexByte(text, '.')
	if len(text) > LongestToken {
		return t, nil, "the token is too long"
	}
	if dot < 0 {
		return t, nil, malformed
	}
	jws, err := jose.ParseSignedCompact(string(text), algorithms)
	if err != nil {
		if other := (*jose.ErrUnexpectedSignatureAlgorithm)(nil); errors.As(err, &other) {
			return t, nil, "the token is signed by an algorithm that is not taken"
		}
		return t, nil, malformed
	}
	header := &jws.Signatures[0].Protected
	for _, extension := range []jose.HeaderKey{"crit", "b64"} {
		if _, ok := header.ExtraHeaders[extension]; ok {
			return t, nil, "the token demands an extension that is not known"
		}
	}
	if kind, ok := header.ExtraHeaders[jose.HeaderType]; ok && !isAccess(kind) {
		return t, nil, "the token is for another use"
	}
	// This reader refuses a claim that occurs twice, which others read in two ways.
	decoder := json.NewDecoder(bytes.NewReader(jws.UnsafePayloadWithoutVerification()))
	decoder.SetNumberType(json.UnmarshalJSONNumber)
	if err := decoder.Decode(&claims); err != nil || claims == nil || decoder.More() {
		return t, nil, malformed
	}
	return token{jws, text[:dot]}, claims, ""
}

// isAccess returns whether a token of that type may be one that says who somebody is. A type of its own ends in +jwt,
// so that such a token is not taken for another (RFC 8725, section 3.11).
func isAccess(kind any) bool {
	name, ok := kind.(string)
	if !ok {
		return false
	}
	name = strings.TrimPrefix(strings.ToLower(name), "application/")
	return name == "at+jwt" || !strings.HasSuffix(name, "+jwt")
}

// verify returns why no key of a set has signed the token. missing is set if the set may have to be fetched for it.
func (t *token) verify(keys *keys) (why string, missing bool) {
	signature := &t.jws.Signatures[0]
	algorithm := jose.SignatureAlgorithm(signature.Protected.Algorithm)
	var memory [mostTried]*key
	candidates, named := keys.candidates(memory[:0], signature.Protected.KeyID, algorithm)
	for _, k := range candidates {
		if algorithm == ed25519Name {
			if ed25519.Verify(k.public.(ed25519.PublicKey), t.text, signature.Signature) {
				return "", false
			}
		} else if _, err := t.jws.Verify(k.public); err == nil {
			return "", false
		}
	}
	if named {
		return "the token's signature is wrong", false
	}
	return "no key of the issuer has signed the token", true
}
