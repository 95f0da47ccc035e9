// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func challenge(kind, status, url string) map[string]any {
	return map[string]any{"type": kind, "status": status, "url": url, "token": "token-of-" + kind}
}

// thumbprint is that of RFC 7638, section 3, for a key on P-256.
func thumbprint(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	x, y := base64.RawURLEncoding.EncodeToString(point[1:33]), base64.RawURLEncoding.EncodeToString(point[33:])
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}`, x, y))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func TestAnAuthorizationHasTheChallengesThatCanBeAnswered(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.on("/authorization", func(w http.ResponseWriter, _ message) {
		w.Header().Set("Retry-After", "3")
		reply(w, http.StatusOK, map[string]any{"status": "pending", "identifier": map[string]string{"type": "dns", "value": "x.io"}, "challenges": []any{
			challenge("dns-01", "pending", a.URL+"/challenge/1"), challenge("http-01", "processing", a.URL+"/challenge/2"),
			challenge("tls-alpn-01", "pending", a.URL+"/challenge/3"), challenge("quantum-01", "pending", a.URL+"/challenge/4"),
		}})
	})
	key := newKey(t)
	account := Account{Key: key, URL: a.URL + "/account/1"}
	got, err := a.client().Authorization(t.Context(), account, a.URL+"/authorization/1")
	if err != nil {
		t.Fatal(err)
	}
	print := "." + thumbprint(t, key)
	want := Authorization{Host: "x.io", RetryAfter: 3 * time.Second, Challenges: []Challenge{
		{Type: ChallengeHTTP01, URL: a.URL + "/challenge/2", Token: "token-of-http-01", KeyAuthorization: "token-of-http-01" + print, Taken: true},
		{Type: ChallengeTLSALPN01, URL: a.URL + "/challenge/3", Token: "token-of-tls-alpn-01", KeyAuthorization: "token-of-tls-alpn-01" + print},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the authorization (-want +got):\n%s", diff)
	}
}

func TestAHostThatIsNotProvenSaysWhatTheAuthorityFound(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	failed := challenge("http-01", "invalid", a.URL+"/challenge/1")
	failed["error"] = map[string]any{"type": problemNamespace + "connection", "detail": "203.0.113.7: Connection refused", "status": 400}
	a.on("/authorization", func(w http.ResponseWriter, _ message) {
		reply(w, http.StatusOK, map[string]any{"status": "invalid", "identifier": map[string]string{"type": "dns", "value": "x.io"},
			"challenges": []any{challenge("tls-alpn-01", "pending", a.URL+"/challenge/2"), failed}})
	})
	_, err := a.client().Authorization(t.Context(), a.account(), a.URL+"/authorization/1")
	got, ok := errors.AsType[*Error](err)
	if want := "x.io is not proven: connection: 203.0.113.7: Connection refused"; !ok || got.Kind != Refused || got.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

func TestAChallengeIsAcceptedByAnEmptyMessage(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.on("/challenge", func(w http.ResponseWriter, _ message) {
		reply(w, http.StatusOK, challenge("http-01", "processing", a.URL+"/challenge/1"))
	})
	if err := a.client().Accept(t.Context(), a.account(), Challenge{URL: a.URL + "/challenge/1"}); err != nil {
		t.Error(err)
	}
	if sent := a.received("/challenge/1"); len(sent) != 1 || sent[0].payload == nil || len(sent[0].payload) != 0 {
		t.Errorf("what was sent is %v, want one empty object (RFC 8555, section 7.5.1)", sent)
	}
}
