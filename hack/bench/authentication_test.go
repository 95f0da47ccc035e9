// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// Each request of a row with tokens has its own token, which says what the rule asks for.
func TestRequestsHaveWhatProvesWhoTheirClientIs(t *testing.T) {
	const many = 50
	plain := request{Method: "GET", Host: mainHost, Path: smallPath, Fields: []string{"X-Field: kept"}}
	signers := newSigners()
	for by, want := range map[authentication]string{
		askAlways: "Cookie: session=", askOnce: "Cookie: session=", verifyTokens: "Authorization: Bearer ", verifyRSA: "Authorization: Bearer ",
	} {
		proven := by.proven(plain, signers.of(by).tokens(many))
		if len(proven) != many {
			t.Errorf("%s: %d requests, want %d", by, len(proven), many)
		}
		seen := map[string]bool{}
		for i := range proven {
			fields := proven[i].Fields
			if len(fields) != 2 || fields[0] != plain.Fields[0] || !strings.HasPrefix(fields[1], want) {
				t.Fatalf("%s: request %d has the fields %q, want its own and then %q", by, i, fields, want)
			}
			seen[fields[1]] = true
		}
		if by.byToken() && len(seen) != many {
			t.Errorf("%d tokens are different, want all %d", len(seen), many)
		}
	}

	signer := signers.of(verifyTokens)
	first := signer.tokens(1)[0]
	parts := strings.Split(first, ".")
	if len(parts) != 3 || first != signer.tokens(many)[0] {
		t.Fatalf("a token is %q, and %q later, want three parts that stay", first, signer.tokens(many)[0])
	}
	var claims struct {
		Iss, Aud, Sub string
		Exp           int64
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	terms := verifyTokens.terms().JWT
	if claims.Iss != terms.Issuer || claims.Aud != terms.Audiences[0] || claims.Sub != clientName || time.Until(time.Unix(claims.Exp, 0)) < time.Hour {
		t.Errorf("a token says %s, want what the rule asks for", text)
	}
}
