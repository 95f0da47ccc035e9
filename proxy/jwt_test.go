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
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// byHand is a token with a header that go-jose would not write, and a signature.
func byHand(header, claims, signature string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(claims)) + "." + encode([]byte(signature))
}

// Only a token that the issuer has signed, for this audience and for now, lets anybody in.
func TestAttacksOnTokens(t *testing.T) {
	t.Parallel()
	issuer := newTokens(t, "k")
	p := serve(t, h2c)
	p.apply(guardedBy(startEcho(t, "b"), issuer.takes("")))
	good := issuer.token(nil)
	parts := strings.Split(good, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(issuer.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	hs256 := func(secret []byte) string {
		unsigned := strings.TrimSuffix(byHand(`{"alg":"HS256","kid":"k"}`, string(claims), ""), ".")
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(unsigned))
		return unsigned + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	stranger := newTokens(t, "k")
	encrypter, err := jose.NewEncrypter(jose.A128GCM, jose.Recipient{Algorithm: jose.ECDH_ES, Key: issuer.key.Public(), KeyID: "k"},
		(&jose.EncrypterOptions{}).WithContentType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	encrypted, err := encrypter.Encrypt([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	nested, err := encrypted.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	const malformed, algorithm, signature = "the token is not a signed JWT (RFC 7519)", "the token is signed by an algorithm that is not taken", "the token's signature is wrong"
	attacks := map[string]struct{ token, why string }{
		"alg none":               {byHand(`{"alg":"none","kid":"k"}`, string(claims), ""), algorithm},
		"alg NONE, signed":       {byHand(`{"alg":"NONE","kid":"k"}`, string(claims), "x"), algorithm},
		"no alg":                 {byHand(`{"kid":"k"}`, string(claims), "x"), algorithm},
		"HS256 by the key's DER": {hs256(der), algorithm},
		"HS256 by its PEM":       {hs256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), algorithm},
		"HS256 by the set":       {hs256([]byte(issuer.published())), algorithm},
		"HS256 by nothing":       {hs256(nil), algorithm},
		"signed by a stranger":   {stranger.token(nil), signature},
		"not signed":             {parts[0] + "." + parts[1] + ".", signature},
		"other claims":           {parts[0] + "." + strings.Split(issuer.token(map[string]any{"sub": "root"}), ".")[1] + "." + parts[2], signature},
		"its own key":            {byHand(`{"alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"","y":""}}`, string(claims), "x"), malformed},
		"key at a URL":           {byHand(`{"alg":"ES256","kid":"x","jku":"http://127.0.0.1:1/keys"}`, string(claims), "x"), "no key of the issuer has signed the token"},
		"key in a file":          {byHand(`{"alg":"ES256","kid":"../../../../etc/passwd"}`, string(claims), "x"), "no key of the issuer has signed the token"},
		"extension":              {byHand(`{"alg":"ES256","kid":"k","crit":["x"],"x":1}`, string(claims), "x"), "the token demands an extension that is not known"},
		"another issuer":         {issuer.token(map[string]any{"iss": "https://id.example.com.evil.io"}), "the token is of another issuer"},
		"no issuer":              {issuer.token(map[string]any{"iss": nil}), "the token is of another issuer"},
		"another audience":       {issuer.token(map[string]any{"aud": []string{"till", "shopping"}}), "the token is meant for another audience"},
		"no audience":            {issuer.token(map[string]any{"aud": nil}), "the token is meant for another audience"},
		"expired":                {issuer.token(map[string]any{"exp": now - 31}), "the token has expired"},
		"never expires":          {issuer.token(map[string]any{"exp": nil}), "the token has no readable time of expiry"},
		"not yet":                {issuer.token(map[string]any{"nbf": now + 300}), "the token is not valid yet"},
		"issued later":           {issuer.token(map[string]any{"iat": now + 300}), "the token is not valid yet"},
		"huge":                   {issuer.token(map[string]any{"x": strings.Repeat("x", 8<<10)}), "the token is too long"},
		"nested and encrypted":   {nested, malformed},
		"nested":                 {issuer.sign([]byte(good)), malformed},
		"claims twice":           {issuer.sign([]byte(`{"sub":"root",` + string(claims)[1:])), malformed},
		"no claims":              {issuer.sign([]byte(`[]`)), malformed},
		"new line in a claim":    {issuer.token(map[string]any{"sub": "a\r\nX-Groups: admins"}), "the token has a claim that no field can carry"},
		"comma in a group":       {issuer.token(map[string]any{"groups": []string{"buyers,admins"}}), "the token has a claim that no field can carry"},
		"space in front":         {issuer.token(map[string]any{"sub": " root"}), "the token has a claim that no field can carry"},
		"nothing":                {"x", malformed},
		"dots":                   {strings.Repeat(".", 2000), malformed},
	}
	asked := map[string][]string{
		"no token":           nil,
		"a password":         {knows("alice:secret")},
		"scheme alone":       {"Authorization: Bearer"},
		"no scheme":          {"Authorization: " + good},
		"as a cookie":        {"Cookie: access_token=" + good},
		"twice":              {brings(good), brings(good)},
		"a bad one besides":  {brings(good), brings("x")},
		"of the proxy":       {"Proxy-Authorization: Bearer " + good},
		"as what it becomes": {"X-User: alice", "X-Groups: admins", "X-Auth-Request-Access-Token: " + good},
	}
	overEach(t, p, func(t *testing.T, c prover) {
		for name, attack := range attacks {
			got := c.ask("GET", "/", brings(attack.token), "X-User: root")
			got.expectRefused(t, name, 401, "AuthRequired")
			if want := fmt.Sprintf(`Bearer error="invalid_token", error_description="%s"`, attack.why); got.challenge != want {
				t.Errorf("%s: the challenge is %q, want %q", name, got.challenge, want)
			}
		}
		for name, fields := range asked {
			got := c.ask("GET", "/", fields...)
			got.expectRefused(t, name, 401, "AuthRequired")
			if got.challenge != "Bearer" {
				t.Errorf("%s: the challenge is %q", name, got.challenge)
			}
		}
		got := c.ask("GET", "/?access_token="+good)
		got.expectRefused(t, "in the query", 401, "AuthRequired")
		for _, round := range []string{"first", "again"} {
			token := issuer.token(map[string]any{"aud": []string{"x", "shop"}, "exp": now - 20})
			c.ask("GET", "/", brings(token), "X-User: root", "x_groups: admins").
				expectPassed(t, round, []string{"X-User: alice", "X-Groups: buyers", "Authorization: Bearer " + token}, "root", "admins")
		}
	})
}

// keyServer publishes the keys of an issuer, or does what it is told.
type keyServer struct {
	*httptest.Server
	asked  atomic.Int32
	answer atomic.Pointer[http.HandlerFunc]
}

func startKeyServer(tb testing.TB) *keyServer {
	k := new(keyServer)
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.asked.Add(1)
		(*k.answer.Load())(w, r)
	}))
	tb.Cleanup(k.Close)
	return k
}

func (k *keyServer) answers(h http.HandlerFunc) { k.answer.Store(&h) }

func (k *keyServer) publishes(text string) {
	k.answers(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, text) })
}

// A request whose token is of a new key waits until that key is there. Nobody is refused.
func TestARotatedKeyRefusesNobody(t *testing.T) {
	t.Parallel()
	server := startKeyServer(t)
	p := serve(t, h2c)
	before := newTokens(t, "0")
	server.publishes(before.published())
	p.apply(guardedBy(startEcho(t, "b"), before.takes(server.URL)))
	overEach(t, p, func(t *testing.T, c prover) {
		c.ask("GET", "/", brings(before.token(nil))).expectPassed(t, "the first key", []string{"X-User: alice"})
	})
	for i := range 3 {
		after := newTokens(t, fmt.Sprint(i+1))
		server.publishes(after.published())
		var all sync.WaitGroup
		asked := server.asked.Load()
		for j := range 10 {
			all.Go(func() {
				prover{p, j%2 == 0}.ask("GET", "/", brings(after.token(nil))).expectPassed(t, "a new key", []string{"X-User: alice"})
			})
		}
		all.Wait()
		if n := server.asked.Load() - asked; n > 2 {
			t.Errorf("the keys were asked for %d times for ten requests", n)
		}
		prover{p, false}.ask("GET", "/", brings(before.token(nil))).expectRefused(t, "a key that is gone", 401, "AuthRequired")
		before = after
	}
}

// A set of keys that cannot be had lets nobody in, whatever its server does. Other rules are served as ever.
func TestKeysThatCannotBeHadLetNobodyIn(t *testing.T) {
	t.Parallel()
	issuer := newTokens(t, "k")
	tests := map[string]http.HandlerFunc{
		"500":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"a page":    func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>Sign in</html>") },
		"no keys":   func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"keys":[]}`) },
		"redirects": http.RedirectHandler("http://169.254.169.254/latest/meta-data", http.StatusFound).ServeHTTP,
		"100 MB": func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		},
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startKeyServer(t)
			server.answers(answer)
			p := serve(t, h2c)
			guarded := prefix("/guarded", "b")
			guarded.Policies = []policy.Policy{issuer.takes(server.URL)}
			p.apply(snapshotOf([]snapshot.Host{hostOf("", prefix("/", "b"), guarded)}, poolOf("b", startEcho(t, "b"))))
			overEach(t, p, func(t *testing.T, c prover) {
				got := c.ask("GET", "/guarded", brings(issuer.token(nil)))
				got.expectRefused(t, "a token", 503, "AuthUnavailable")
				if got.body != "AuthUnavailable: nobody can say now who may come in\n" {
					t.Errorf("the client is told %q", got.body)
				}
				c.ask("GET", "/guarded").expectRefused(t, "no token", 401, "AuthRequired")
				c.ask("GET", "/open").expectPassed(t, "another rule", nil)
			})
		})
	}
	t.Run("hangs", func(t *testing.T) {
		t.Parallel()
		server := startKeyServer(t)
		hang := make(chan struct{})
		t.Cleanup(func() { close(hang) })
		server.answers(func(http.ResponseWriter, *http.Request) { <-hang })
		p := serve(t)
		p.apply(everythingBy(func(r *snapshot.Route) {
			r.Policies, r.Timeouts.Request = []policy.Policy{issuer.takes(server.URL)}, 50*time.Millisecond
		}, startEcho(t, "b")))
		got := prover{p, false}.ask("GET", "/", brings(issuer.token(nil)))
		got.expectRefused(t, "a request that may wait", 504, "UpstreamRequestTimeout")
		client := p.dial()
		client.send("GET / HTTP/1.1\r\nHost: a\r\n" + brings(issuer.token(nil)) + "\r\n\r\n")
		client.abort()
	})
	t.Run("on this machine", func(t *testing.T) {
		t.Parallel()
		server := startKeyServer(t)
		server.publishes(issuer.published())
		remote := issuer.takes(server.URL)
		remote.Local = false
		p := serve(t)
		p.apply(guardedBy(startEcho(t, "b"), remote))
		prover{p, false}.ask("GET", "/", brings(issuer.token(nil))).expectRefused(t, "a token", 503, "AuthUnavailable")
		if n := server.asked.Load(); n != 0 {
			t.Errorf("the server was asked %d times", n)
		}
	})
}

// When the keys' server is away, those that were there go on, beyond a change of the rule too.
func TestKeysThatVanishGoOn(t *testing.T) {
	t.Parallel()
	server := startKeyServer(t)
	issuer := newTokens(t, "k")
	server.publishes(issuer.published())
	p := serve(t, h2c)
	b := startEcho(t, "b")
	p.apply(guardedBy(b, issuer.takes(server.URL)))
	prover{p, false}.ask("GET", "/", brings(issuer.token(nil))).expectPassed(t, "while it is there", nil)
	server.Close()
	changed := issuer.takes(server.URL)
	changed.ForwardClaims = changed.ForwardClaims[:1]
	for _, s := range []*snapshot.Snapshot{guardedBy(b, issuer.takes(server.URL)), guardedBy(b, changed)} {
		p.apply(s)
		overEach(t, p, func(t *testing.T, c prover) {
			c.ask("GET", "/", brings(issuer.token(nil))).expectPassed(t, "a new token of a key that is known", []string{"X-User: alice"})
			c.ask("GET", "/", brings(newTokens(t, "new").token(nil))).expectRefused(t, "an unknown key", 503, "AuthUnavailable")
		})
	}
}

// A key that is taken out of a Secret is taken from the next request on, although its tokens were verified before.
func TestAKeyThatIsTakenAwayVerifiesNothing(t *testing.T) {
	t.Parallel()
	p := serve(t)
	b := startEcho(t, "b")
	issuer, other := newTokens(t, "k"), newTokens(t, "other")
	token := issuer.token(nil)
	for i, step := range []struct {
		policy *auth.JWT
		want   int
	}{
		{issuer.takes(""), 200}, {other.takes(""), 401}, {issuer.takes(""), 200},
		{&auth.JWT{Missing: "there is no Secret shop/keys", Keys: issuer.published()}, 503}, {&auth.JWT{Keys: "x"}, 503}, {&auth.JWT{}, 503},
	} {
		p.apply(guardedBy(b, step.policy))
		if got := (prover{p, false}).ask("GET", "/", brings(token)); got.status != step.want {
			t.Errorf("step %d: got %d %q, want %d", i, got.status, got.body, step.want)
		}
	}
}

// While the keys in a Secret change a hundred times, everybody gets in whose token is of a key of the time, and nobody
// else.
func TestNoAnswerIsWrongWhileKeysChange(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c)
	b := startEcho(t, "b")
	issuers := []*tokens{newTokens(t, "0"), newTokens(t, "1"), newTokens(t, "0")} // two keys of one id
	var all []string
	for _, i := range issuers {
		all = append(all, brings(i.token(nil)))
	}
	c := prover{p, true}
	for i := range 100 {
		right := i % len(issuers)
		p.apply(guardedBy(b, issuers[right].takes("")))
		for j, token := range all {
			want := 401
			if j == right {
				want = 200
			}
			if got := c.ask("GET", "/", token); got.status != want {
				t.Errorf("change %d, token %d: got %d %q, want %d", i, j, got.status, got.body, want)
			}
		}
	}
}

// Each of several rules asks for what it asks for, although the same token was verified for another.
func TestATokenIsVerifiedForEachRule(t *testing.T) {
	t.Parallel()
	issuer := newTokens(t, "k")
	shop, till := prefix("/shop", "b"), prefix("/till", "b")
	of := issuer.takes("")
	of.Audiences = []string{"till"}
	shop.Policies, till.Policies = []policy.Policy{issuer.takes("")}, []policy.Policy{of}
	p := serve(t, h2c)
	p.apply(snapshotOf([]snapshot.Host{hostOf("", shop, till)}, poolOf("b", startEcho(t, "b"))))
	token := brings(issuer.token(nil))
	overEach(t, p, func(t *testing.T, c prover) {
		c.ask("GET", "/shop", token).expectPassed(t, "its audience", nil)
		c.ask("GET", "/till", token).expectRefused(t, "another audience", 401, "AuthRequired")
	})
}

func TestExplainSaysWhatTokenWouldBeVerified(t *testing.T) {
	t.Parallel()
	issuer := newTokens(t, "k")
	p := serve(t)
	p.apply(guardedBy(startEcho(t, "b"), issuer.takes("")))
	const says = `a token of https://id.example.com for ["shop"], signed by a key of the rule`
	for name, test := range map[string]struct {
		fields []string
		status int
		want   explanation.Policy
	}{
		"nothing": {nil, 401, explanation.Policy{Name: "jwt", Text: "the request has no Authorization: Bearer, which has to bring " + says}},
		"expired": {[]string{brings(issuer.token(map[string]any{"exp": 1}))}, 401, explanation.Policy{Name: "jwt", Text: "the token has expired; it has to be " + says}},
		"good":    {[]string{brings(issuer.token(nil))}, 0, explanation.Policy{Name: "jwt", Passed: true, Text: "the request brings " + says}},
	} {
		e, err := p.Explainer().Explain(&explain.Question{URL: "http://a/", Headers: test.fields})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]explanation.Policy{test.want}, e.Policies); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if e.Answer.Status != test.status && (test.status != 0 || e.Answer.Reason != "") {
			t.Errorf("%s: answered by %v, want %d", name, e.Answer, test.status)
		}
	}
}
