// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"cmp"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// prover is a client that has to prove who it is, over one version of HTTP.
type prover struct {
	p  *served
	h2 bool
}

// said is what came of a request: the answer's status and reason, and what the endpoint got, or the line that says
// why.
type said struct {
	status       int
	reason, body string
	// challenge is WWW-Authenticate.
	challenge string
}

// ask sends a request without content, with fields as lines.
func (c prover) ask(method, path string, fields ...string) said {
	c.p.tb.Helper()
	if !c.h2 {
		got := c.p.ask(method + " " + path + " HTTP/1.1\r\nHost: a\r\n" + strings.Join(append(fields, ""), "\r\n") + "\r\n")
		return said{got.Status, got.reason(), got.Body, got.Header.Get("WWW-Authenticate")}
	}
	f := c.p.dialFrames()
	f.request(1, true, head(method, path, pairs(fields)...)...)
	got := f.answer(1)
	status := 0
	_, _ = fmt.Sscan(got.status, &status)
	return said{status, got.reason(), got.body, got.fields["www-authenticate"]}
}

// pairs are lines as names in lower case and values in turn.
func pairs(lines []string) (fields []string) {
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		fields = append(fields, strings.ToLower(name), value)
	}
	return fields
}

// overEach runs a test with clients of both versions.
func overEach(t *testing.T, p *served, test func(t *testing.T, c prover)) {
	t.Run("HTTP/1.1", func(t *testing.T) { test(t, prover{p, false}) })
	t.Run("HTTP/2", func(t *testing.T) { test(t, prover{p, true}) })
}

// guardedBy is a snapshot whose requests go to addresses if policies let them.
func guardedBy(at netip.AddrPort, policies ...policy.Policy) *snapshot.Snapshot {
	return everythingBy(func(r *snapshot.Route) { r.Policies = policies }, at)
}

// htpasswd lists alice with a hash by bcrypt of cost 5, bob by apr1 and carol by SHA. The password of each is secret.
const htpasswd = "alice:$2y$05$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy\n" +
	"bob:$apr1$fFn1aj9e$d2Sre3RpS/OCWwZANEE2X/\ncarol:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"

// knows is the field of who knows a password.
func knows(login string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(login))
}

// issuer signs tokens for tests.
type tokens struct {
	tb  testing.TB
	key *ecdsa.PrivateKey
	// id is the key's.
	id string
}

func newTokens(tb testing.TB, id string) *tokens {
	return &tokens{tb, ecdsaKey(tb).(*ecdsa.PrivateKey), id}
}

// published are the issuer's keys.
func (i *tokens) published() string {
	key, err := json.Marshal(jose.JSONWebKey{Key: i.key.Public(), KeyID: i.id})
	if err != nil {
		i.tb.Fatal(err)
	}
	return `{"keys": [` + string(key) + `]}`
}

// token signs the claims of a token that is taken, with changes.
func (i *tokens) token(changes map[string]any) string {
	i.tb.Helper()
	claims := map[string]any{
		"iss": "https://id.example.com", "aud": "shop", "sub": "alice", "groups": []string{"buyers"},
		"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
	}
	for name, value := range changes {
		claims[name] = value
	}
	text, err := json.Marshal(claims)
	if err != nil {
		i.tb.Fatal(err)
	}
	return i.sign(text)
}

func (i *tokens) sign(text []byte) string {
	i.tb.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: i.key, KeyID: i.id}}, nil)
	if err != nil {
		i.tb.Fatal(err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		i.tb.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		i.tb.Fatal(err)
	}
	return token
}

// takes is the policy of a route that takes the issuer's tokens.
func (i *tokens) takes(url string) *auth.JWT {
	j := &auth.JWT{
		Issuer: "https://id.example.com", Audiences: []string{"shop"}, KeysURL: url, Local: true, Leeway: 30 * time.Second,
		ForwardClaims: []auth.ForwardedClaim{{Claim: "sub", Header: "X-User"}, {Claim: "groups", Header: "X-Groups"}},
	}
	if url == "" {
		j.Keys = i.published()
	}
	return j
}

// brings is the field of who brings a token.
func brings(token string) string { return "Authorization: Bearer " + token }

// expectRefused wants an answer with a reason, and nothing from the endpoint.
func (s said) expectRefused(t *testing.T, what string, status int, reason string) {
	t.Helper()
	if s.status != status || s.reason != reason || !strings.HasPrefix(s.body, reason+": ") {
		t.Errorf("%s: got %d %s %q, want %d %s", what, s.status, s.reason, s.body, status, reason)
	}
}

// expectPassed wants what the endpoint answers, with lines that it got and without others.
func (s said) expectPassed(t *testing.T, what string, lines []string, without ...string) {
	t.Helper()
	if s.status != 200 || s.reason != "" {
		t.Errorf("%s: got %d %s %q, want it to pass", what, s.status, cmp.Or(s.reason, "by the endpoint"), s.body)
		return
	}
	for _, line := range lines {
		if strings.Count(strings.ToLower(s.body), strings.ToLower("\r\n"+line+"\r\n")) != 1 { // HTTP/2 has names in lower case
			t.Errorf("%s: the endpoint got %q, want %q once", what, s.body, line)
		}
	}
	for _, text := range without {
		if strings.Contains(strings.ToLower(s.body), strings.ToLower(text)) {
			t.Errorf("%s: the endpoint got %q, want no %q", what, s.body, text)
		}
	}
}
