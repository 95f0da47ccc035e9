// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

var signingKey = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))

// keys are its public part, as an issuer publishes it.
var keys = `{"keys": [` + string(must(json.Marshal(jose.JSONWebKey{Key: signingKey.Public(), KeyID: "k"}))) + `]}`

// tokenOf returns an Authorization field with a token that has claims.
func tokenOf(id string, claims map[string]any) string {
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: signingKey, KeyID: id}}, nil))
	said := map[string]any{"iss": "https://id.example.com", "aud": "shop", "sub": "alice", "exp": time.Now().Add(time.Hour).Unix()}
	for name, value := range claims {
		said[name] = value
	}
	return "Authorization: Bearer " + must(must(signer.Sign(must(json.Marshal(said)))).CompactSerialize())
}

var policy = JWT{
	Issuer: "https://id.example.com", Audiences: []string{"shop"}, Keys: keys, Leeway: 30 * time.Second,
	ForwardClaims: []ForwardedClaim{{"sub", "X-User"}, {"groups", "X-Groups"}, {"absent", "X-Absent"}},
}

func TestJWTLetsInWhoBringsAToken(t *testing.T) {
	request := compiled(t, newScope(), &policy)
	good := tokenOf("k", map[string]any{"groups": []string{"a", "b"}})
	expired := tokenOf("k", map[string]any{"exp": 1})
	tests := map[string]struct {
		fields    []string
		detail    string
		challenge string // empty if it is let in
	}{
		"token":         {[]string{good}, "", ""},
		"token again":   {[]string{good}, "", ""},
		"small letters": {[]string{strings.Replace(good, "Authorization: Bearer", "authorization: bearer", 1)}, "", ""},

		"nothing":        {nil, "", "Bearer"},
		"no token":       {[]string{"Authorization: Bearer"}, "", "Bearer"},
		"another scheme": {[]string{strings.Replace(good, "Bearer", "Token", 1)}, "", "Bearer"},
		"a password":     {[]string{basicOf("alice:secret")}, "", "Bearer"},
		"twice":          {[]string{good, good}, "", "Bearer"},
		"as a cookie":    {[]string{strings.Replace(good, "Authorization: Bearer ", "Cookie: token=", 1)}, "", "Bearer"},
		"of the proxy":   {[]string{strings.Replace(good, "A", "Proxy-A", 1)}, "", "Bearer"},
		"expired":        {[]string{expired}, "the token has expired", `Bearer error="invalid_token", error_description="the token has expired"`},
		"of another key": {[]string{tokenOf("other", nil)}, "no key of the issuer has signed the token",
			`Bearer error="invalid_token", error_description="no key of the issuer has signed the token"`},
	}
	for name, test := range tests {
		v := viewOf(test.fields...)
		answer, waited := ask(request, v)
		if waited {
			t.Errorf("%s: somebody is waited for", name)
		}
		if test.challenge == "" {
			if answer != (step.Answer{}) || v.User != "alice" {
				t.Errorf("%s: answered by %v as %q", name, answer, v.User)
			}
			if diff := cmp.Diff(append(test.fields, "X-User: alice", "X-Groups: a,b"), passedOn(v.Request.Fields)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			continue
		}
		for _, line := range passedOn(v.Request.Fields) {
			if strings.HasPrefix(strings.ToLower(line), "authorization:") {
				t.Errorf("%s: a page for the answer would get %q", name, line)
			}
		}
		if answer != (step.Answer{Reason: reason.AuthRequired, Detail: test.detail}) || v.User != "" {
			t.Errorf("%s: answered by %v as %q", name, answer, v.User)
		}
		if diff := cmp.Diff([]string{"WWW-Authenticate: " + test.challenge}, passedOn(v.Fields)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestJWTWithoutKeysLetsInNobody(t *testing.T) {
	with := func(change func(*JWT)) *JWT { p := policy; change(&p); return &p }
	for name, test := range map[string]struct {
		policy *JWT
		cause  string
	}{
		"missing":   {with(func(j *JWT) { j.Missing = "there is no Secret shop/keys" }), "jwt: there is no Secret shop/keys"},
		"empty":     {with(func(j *JWT) { j.Keys = "" }), `jwt: the key set is not JSON with a list of "keys" (RFC 7517)`},
		"no URL":    {with(func(j *JWT) { j.KeysURL = "https://" }), "jwt: the key set cannot be had: "},
		"no claim":  {with(func(j *JWT) { j.ForwardClaims = []ForwardedClaim{{"", "X-User"}} }), "jwt: a claim has no name: write one, such as sub"},
		"no header": {with(func(j *JWT) { j.ForwardClaims = []ForwardedClaim{{"sub", "X User"}} }), `jwt: the claim "sub" goes to a field with a name that no field can have, "X User": write one such as X-User`},
		"Host":      {with(func(j *JWT) { j.ForwardClaims = []ForwardedClaim{{"sub", "host"}} }), `jwt: the claim "sub" goes to the field host, which has another meaning: write one such as X-User`},
		"cookie":    {with(func(j *JWT) { j.ForwardClaims = []ForwardedClaim{{"sub", "Cookie"}} }), `jwt: the claim "sub" goes to the field Cookie, which has another meaning: write one such as X-User`},
	} {
		v := viewOf(tokenOf("k", nil))
		answer, _ := ask(compiled(t, newScope(), test.policy), v)
		if answer.Reason != reason.AuthUnavailable || answer.Detail != "" || !strings.HasPrefix(answer.Cause, test.cause) || v.User != "" {
			t.Errorf("%s: answered by %v", name, answer)
		}
		if lines := passedOn(v.Request.Fields); len(lines) != 0 {
			t.Errorf("%s: a page for the answer would get %q", name, lines)
		}
	}
}

func TestATokenWaitsForKeys(t *testing.T) {
	fetched := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-fetched
		_, _ = fmt.Fprint(w, keys)
	}))
	defer server.Close()
	p := policy
	p.Keys, p.KeysURL, p.Local = "", server.URL, true
	request := compiled(t, newScope(), &p)
	foretold := viewOf(tokenOf("k", nil))
	foretold.Notes = new([]step.Note)
	if answer := request(foretold); answer.Next != step.Wait {
		t.Fatalf("answered by %v", answer)
	}
	foretold.Await.Foretell(foretold)
	want := step.Note{Policy: "jwt", Passed: true, Text: "would have the key set fetched, which is being fetched; goes on as if the token were " +
		`a token of https://id.example.com for ["shop"], signed by a key of ` + server.URL}
	if diff := cmp.Diff([]step.Note{want}, *foretold.Notes); diff != "" {
		t.Error(diff)
	}
	close(fetched)
	v := viewOf(tokenOf("k", nil))
	if answer, _ := ask(request, v); answer != (step.Answer{}) || v.User != "alice" {
		t.Errorf("answered by %v as %q", answer, v.User)
	}
}

func TestJWTSaysWhatATokenHasToBe(t *testing.T) {
	request := compiled(t, newScope(), &JWT{Keys: keys, Audiences: []string{"shop"}})
	for name, test := range map[string]struct {
		fields []string
		want   step.Note
	}{
		"nothing": {nil, step.Note{Policy: "jwt", Text: "the request has no Authorization: Bearer, which has to bring " +
			`a token for ["shop"], signed by a key of the rule`}},
		"expired": {[]string{tokenOf("k", map[string]any{"exp": 1})}, step.Note{Policy: "jwt", Text: "the token has expired; it has to be " +
			`a token for ["shop"], signed by a key of the rule`}},
		"good": {[]string{tokenOf("k", nil)}, step.Note{Policy: "jwt", Passed: true, Text: "the request brings " +
			`a token for ["shop"], signed by a key of the rule`}},
	} {
		v := viewOf(test.fields...)
		v.Notes = new([]step.Note)
		request(v)
		if diff := cmp.Diff([]step.Note{test.want}, *v.Notes); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}
