// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/warren-dev/ingress/proxy/auth"
)

// byHand is a token with a header that go-jose would not write, and a signature.
func byHand(header, claims, signature string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(claims)) + "." + encode([]byte(signature))
}

// byHMAC is a token that is signed by a secret.
func byHMAC(claims, secret []byte) string {
	unsigned := strings.TrimSuffix(byHand(`{"alg":"HS256","kid":"k"}`, string(claims), ""), ".")
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(unsigned))
	return unsigned + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// encrypted returns a token within another one that only its reader can read.
func encrypted(t *testing.T, issuer *tokens, token string) string {
	t.Helper()
	encrypter, err := jose.NewEncrypter(jose.A128GCM, jose.Recipient{Algorithm: jose.ECDH_ES, Key: issuer.key.Public(), KeyID: "k"},
		(&jose.EncrypterOptions{}).WithContentType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := encrypter.Encrypt([]byte(token))
	if err != nil {
		t.Fatal(err)
	}
	text, err := sealed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Only a token that the issuer has signed, for this audience and for now, lets anybody in.
func TestAttacksByTokens(t *testing.T) {
	t.Parallel()
	issuer, stranger := newTokens(t, "k"), newTokens(t, "k")
	good, now := issuer.token(nil), time.Now().Unix()
	parts := strings.Split(good, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(issuer.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	with := func(name string, value any) string { return issuer.token(map[string]any{name: value}) }
	const (
		malformed, algorithm, signature = "the token is not a signed JWT (RFC 7519)", "the token is signed by an algorithm that is not taken", "the token's signature is wrong"
		unknown, early, untellable      = "no key of the issuer has signed the token", "the token is not valid yet", "the token has a claim that no field can carry"
	)
	besiege(t, func(s *siege) (all []attack) {
		guard := s.guarding(issuer.takes(""))
		for _, a := range []struct{ name, token, why string }{
			{"alg none", byHand(`{"alg":"none","kid":"k"}`, string(claims), ""), algorithm},
			{"alg nOnE", byHand(`{"alg":"nOnE","kid":"k"}`, string(claims), ""), algorithm},
			{"alg NONE, and a signature", byHand(`{"alg":"NONE","kid":"k"}`, string(claims), "x"), algorithm},
			{"no alg", byHand(`{"kid":"k"}`, string(claims), "x"), algorithm},
			{"HS256 by the public key's DER", byHMAC(claims, der), algorithm},
			{"HS256 by the public key's PEM", byHMAC(claims, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), algorithm},
			{"HS256 by the text of the key set", byHMAC(claims, []byte(issuer.published())), algorithm},
			{"HS256 by an empty secret", byHMAC(claims, nil), algorithm},
			{"the alg of another key type", byHand(`{"alg":"RS256","kid":"k"}`, string(claims), strings.Repeat("x", 256)), signature},
			{"a stranger's signature by a key of the same id", stranger.token(nil), signature},
			{"no signature", parts[0] + "." + parts[1] + ".", signature},
			{"a signature of zeros", parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)), signature},
			{"another token's claims", parts[0] + "." + strings.Split(with("sub", "forged"), ".")[1] + "." + parts[2], signature},
			{"a key within the token", byHand(`{"alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"","y":""}}`, string(claims), "x"), malformed},
			{"a key at a URL", byHand(`{"alg":"ES256","kid":"x","jku":"http://127.0.0.1:1/keys"}`, string(claims), "x"), unknown},
			{"a key in a certificate at a URL", byHand(`{"alg":"ES256","kid":"x","x5u":"http://127.0.0.1:1/cert"}`, string(claims), "x"), unknown},
			{"a key in a file", byHand(`{"alg":"ES256","kid":"../../../../etc/passwd"}`, string(claims), "x"), unknown},
			{"an extension that has to be understood", byHand(`{"alg":"ES256","kid":"k","crit":["x"],"x":1}`, string(claims), "x"), "the token demands an extension that is not known"},
			{"content that is not encoded", byHand(`{"alg":"ES256","kid":"k","b64":false}`, string(claims), "x"), "the token demands an extension that is not known"},
			{"a token to sign out by", byHand(`{"alg":"ES256","kid":"k","typ":"logout+jwt"}`, string(claims), "x"), "the token is for another use"},
			{"another issuer whose name begins so", with("iss", "https://id.example.com.evil.io"), "the token is of another issuer"},
			{"no issuer", with("iss", nil), "the token is of another issuer"},
			{"a list of issuers", with("iss", []string{"https://id.example.com"}), "the token is of another issuer"},
			{"another audience", with("aud", []string{"till", "shopping"}), "the token is meant for another audience"},
			{"no audience", with("aud", nil), "the token is meant for another audience"},
			{"a time that is over", with("exp", now-31), "the token has expired"},
			{"no time of expiry", with("exp", nil), "the token has no readable time of expiry"},
			{"a time of expiry that is a text", with("exp", "9999999999"), "the token has no readable time of expiry"},
			{"a time that is to come", with("nbf", now+300), early},
			{"a later time of issue", with("iat", now+300), early},
			{"more than 8 KiB", with("x", strings.Repeat("x", 8<<10)), "the token is too long"},
			{"a token within an encrypted one", encrypted(t, issuer, good), malformed},
			{"a token within a token", issuer.sign([]byte(good)), malformed},
			{"a claim twice", issuer.sign([]byte(`{"sub":"forged",` + string(claims)[1:])), malformed},
			{"a list in place of claims", issuer.sign([]byte(`[]`)), malformed},
			{"claims and more", issuer.sign(append(claims[:len(claims):len(claims)], `{"sub":"forged"}`...)), malformed},
			{"objects in objects", issuer.sign([]byte(strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000))), "the token is of another issuer"},
			{"a new line in a claim", with("sub", "a\r\nX-Groups: forged"), untellable},
			{"a comma in the name of a group", with("groups", []string{"buyers,forged"}), untellable},
			{"a space before a claim", with("sub", " forged"), untellable},
			{"a letter", "x", malformed},
			{"dots alone", strings.Repeat(".", 2000), malformed},
		} {
			all = append(all, attack{name: "a token with " + a.name, before: guard, asked: asked{fields: []string{brings(a.token), "X-User: forged"}},
				want: refused(401, "AuthRequired", fmt.Sprintf(`WWW-Authenticate: Bearer error="invalid_token", error_description="%s"`, a.why))})
		}
		for _, a := range []struct {
			name   string
			fields []string
		}{
			{"nothing", nil},
			{"a password", []string{knows("alice:secret")}},
			{"the scheme alone", []string{"Authorization: Bearer"}},
			{"a token without the scheme", []string{"Authorization: " + good}},
			{"a token in a cookie", []string{"Cookie: access_token=" + good}},
			{"a token twice", []string{brings(good), brings(good)}},
			{"a bad token beside a good one", []string{brings(good), brings("x")}},
			{"a token for proxies", []string{"Proxy-Authorization: Bearer " + good}},
			{"what a token becomes", []string{"X-User: alice", "X-Groups: admins", "X-Auth-Request-Access-Token: " + good}},
		} {
			all = append(all, attack{name: a.name, before: guard, asked: asked{fields: a.fields}, want: refused(401, "AuthRequired", "WWW-Authenticate: Bearer")})
		}
		fresh := issuer.token(map[string]any{"aud": []string{"x", "shop"}, "exp": now - 20})
		return append(all,
			attack{name: "a token in the query", before: guard, asked: asked{path: "/?access_token=" + good}, want: refused(401, "AuthRequired", "WWW-Authenticate: Bearer")},
			attack{name: "none: a token that is good", before: guard, asked: asked{fields: []string{brings(fresh), "X-User: forged", "x_groups: forged"}},
				want: harmless("X-User: alice", "X-Groups: buyers", "Authorization: Bearer "+fresh)},
		)
	})
}

// A set of keys that cannot be had lets nobody in, whatever its server does, and one that grows or shrinks lets in
// nobody whose key is not in it.
func TestAttacksByKeySets(t *testing.T) {
	t.Parallel()
	issuer, other := newTokens(t, "k"), newTokens(t, "other")
	both := strings.TrimSuffix(issuer.published(), "]}") + "," + strings.TrimPrefix(other.published(), `{"keys": [`)
	unavailable := refused(503, "AuthUnavailable")
	known, token := &asked{fields: []string{brings(issuer.token(nil))}}, asked{fields: []string{brings(issuer.token(nil))}}
	besiege(t, func(s *siege) (all []attack) {
		elsewhere := func(url string) *auth.JWT {
			j := issuer.takes(url)
			j.Local = false
			return j
		}
		for _, a := range []struct {
			name   string
			answer http.HandlerFunc
		}{
			{"answers 500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }},
			{"answers 404 with the keys", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusNotFound)
				_, _ = fmt.Fprint(w, issuer.published())
			}},
			{"has a page to sign in", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>Sign in</html>") }},
			{"has a set without keys", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"keys":[]}`) }},
			{"has a set of secrets", func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprint(w, `{"keys":[{"kty":"oct","kid":"k","alg":"HS256","k":"c2VjcmV0"}]}`)
			}},
			{"has half of a set", func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprint(w, issuer.published()[:len(issuer.published())/2])
			}},
			{"breaks off", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "10000")
				_, _ = fmt.Fprint(w, issuer.published())
			}},
			{"redirects to metadata", http.RedirectHandler("http://169.254.169.254/latest/meta-data", http.StatusFound).ServeHTTP},
			{"sends 100 MB", func(w http.ResponseWriter, _ *http.Request) {
				for range 100 {
					if _, err := w.Write(make([]byte, 1<<20)); err != nil {
						return
					}
				}
			}},
		} {
			server := startKeyServer(s.t)
			server.answers(a.answer)
			guard := s.guarding(issuer.takes(server.URL))
			all = append(all, attack{name: "a token while the server of the keys " + a.name, before: guard, asked: token, want: unavailable})
		}
		gone, local := startKeyServer(s.t), startKeyServer(s.t)
		gone.Close()
		local.publishes(issuer.published())
		changing := startKeyServer(s.t)
		publishing := func(text string) func() {
			return func() {
				changing.publishes(text)
				s.guards(issuer.takes(changing.URL))
			}
		}
		return append(all,
			attack{name: "a token while nobody serves the keys", before: s.guarding(issuer.takes(gone.URL)), asked: token, want: unavailable},
			attack{name: "no token while nobody serves the keys", before: s.guarding(issuer.takes(gone.URL)), want: refused(401, "AuthRequired")},
			attack{name: "a token whose keys are on this machine", before: s.guarding(elsewhere(local.URL)), asked: token, want: unavailable},
			attack{name: "none: a token by a fetched key", before: publishing(issuer.published()), asked: token, want: harmless("X-User: alice")},
			attack{name: "a stranger's token while the set grows", before: publishing(issuer.published()), first: known,
				meanwhile: func() { changing.publishes(both) }, asked: asked{fields: []string{brings(newTokens(t, "stranger").token(nil))}}, want: refused(401, "AuthRequired")},
			attack{name: "a token verified before, of a key that went from its Secret", before: s.guarding(issuer.takes("")), first: known,
				meanwhile: s.guarding(other.takes("")), asked: token, want: refused(401, "AuthRequired")},
			attack{name: "a token verified before, once the Secret is gone", before: s.guarding(issuer.takes("")), first: known,
				meanwhile: s.guarding(&auth.JWT{Missing: "there is no Secret shop/keys", Keys: issuer.published()}), asked: token, want: unavailable},
			attack{name: "a token verified before, once the Secret is none", before: s.guarding(issuer.takes("")), first: known,
				meanwhile: s.guarding(&auth.JWT{Keys: "x"}), asked: token, want: unavailable},
			attack{name: "a token verified before, once the Secret is empty", before: s.guarding(issuer.takes("")), first: known,
				meanwhile: s.guarding(&auth.JWT{}), asked: token, want: unavailable},
			attack{name: "a token verified before, for another audience by now", before: s.guarding(issuer.takes("")), first: known,
				meanwhile: func() {
					j := issuer.takes("")
					j.Audiences = []string{"till"}
					s.guards(j)
				}, asked: token, want: refused(401, "AuthRequired")},
		)
	})
}
