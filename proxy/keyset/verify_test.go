// SPDX-License-Identifier: Apache-2.0

package keyset

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

var terms = Terms{Issuer: "https://id.example.com", Audiences: []string{"shop", "till"}, Leeway: 30 * time.Second}

// verifier verifies by a set that is a text.
func verifier(t *testing.T, terms Terms, members ...any) *Verifier {
	t.Helper()
	set, err := Read(written(members...))
	if err != nil {
		t.Fatal(err)
	}
	return New().Verifier(set, terms)
}

// hs256 signs a token with a secret, by hand: go-jose does not sign with keys that are not meant for it.
func hs256(algorithm, secret string, said any) string {
	text := encoded(`{"alg":"`+algorithm+`","kid":"rsa"}`) + "." + encoded(string(must(json.Marshal(said))))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + encoded(string(mac.Sum(nil)))
}

func TestTokens(t *testing.T) {
	const (
		malformed = "the token is not a signed JWT (RFC 7519)"
		algorithm = "the token is signed by an algorithm that is not taken"
		signature = "the token's signature is wrong"
		unknown   = "no key of the issuer has signed the token"
		extension = "the token demands an extension that is not known"
		expired   = "the token has expired"
		early     = "the token is not valid yet"
		unread    = "the token has no readable time of beginning"
		expiry    = "the token has no readable time of expiry"
		issuer    = "the token is of another issuer"
		audience  = "the token is meant for another audience"
	)
	psOnly := published("ps", otherRSA)
	psOnly.Algorithm = "PS256"
	v := verifier(t, terms, published("rsa", rsaKey), psOnly, published("p256", p256), published("p384", p384), published("p521", p521),
		published("ed", edKey), published("", otherRSA))
	good := sign(t, jose.RS256, rsaKey, "rsa", nil, claims(nil))
	parts := strings.Split(good, ".")
	rs := func(changes map[string]any) string { return sign(t, jose.RS256, rsaKey, "rsa", nil, claims(changes)) }
	typed := func(typ any) string { return sign(t, jose.RS256, rsaKey, "rsa", header{"typ": typ}, claims(nil)) }
	der := must(x509.MarshalPKIXPublicKey(rsaKey.Public()))
	second := now.Unix()
	encrypter := must(jose.NewEncrypter(jose.A128GCM, jose.Recipient{Algorithm: jose.RSA_OAEP, Key: rsaKey.Public(), KeyID: "rsa"}, nil))
	full := must(jose.ParseSignedCompact(good, algorithms)).FullSerialize()
	tests := map[string]struct{ token, why string }{
		"RS256":                 {good, ""},
		"RS384":                 {sign(t, jose.RS384, rsaKey, "rsa", nil, claims(nil)), ""},
		"RS512":                 {sign(t, jose.RS512, rsaKey, "rsa", nil, claims(nil)), ""},
		"PS256":                 {sign(t, jose.PS256, rsaKey, "rsa", nil, claims(nil)), ""},
		"PS384":                 {sign(t, jose.PS384, rsaKey, "rsa", nil, claims(nil)), ""},
		"PS512":                 {sign(t, jose.PS512, rsaKey, "rsa", nil, claims(nil)), ""},
		"ES256":                 {sign(t, jose.ES256, p256, "p256", nil, claims(nil)), ""},
		"ES384":                 {sign(t, jose.ES384, p384, "p384", nil, claims(nil)), ""},
		"ES512":                 {sign(t, jose.ES512, p521, "p521", nil, claims(nil)), ""},
		"EdDSA":                 {sign(t, jose.EdDSA, edKey, "ed", nil, claims(nil)), ""},
		"Ed25519":               {sign(t, ed25519Name, edKey, "ed", nil, claims(nil)), ""},
		"for its algorithm":     {sign(t, jose.PS256, otherRSA, "ps", nil, claims(nil)), ""},
		"no kid":                {sign(t, jose.ES384, p384, "", nil, claims(nil)), ""},
		"a key without an id":   {sign(t, jose.RS256, otherRSA, "else", nil, claims(nil)), ""},
		"one of audiences":      {rs(map[string]any{"aud": []string{"x", "till"}}), ""},
		"type JWT":              {typed("JWT"), ""},
		"type at+jwt":           {typed("application/at+jwt"), ""},
		"within leeway":         {rs(map[string]any{"exp": second - 29, "nbf": second + 29, "iat": second + 29}), ""},
		"a fraction of seconds": {rs(map[string]any{"exp": json.Number("1764590400000.5"), "nbf": 1.5, "iat": json.Number("1e3")}), ""},
		"never issued":          {rs(map[string]any{"iat": nil}), ""},

		"nothing":              {"", malformed},
		"dots":                 {"..", algorithm},
		"two parts":            {parts[0] + "." + parts[1], malformed},
		"four parts":           {good + ".x", malformed},
		"no signature":         {parts[0] + "." + parts[1] + ".", signature},
		"padding":              {good + "=", malformed},
		"JSON":                 {full, malformed},
		"a null byte":          {good + "\x00", malformed},
		"huge":                 {rs(map[string]any{"x": strings.Repeat("x", LongestToken)}), "the token is too long"},
		"encrypted":            {must(must(encrypter.Encrypt([]byte(good))).CompactSerialize()), malformed},
		"nested":               {sign(t, jose.RS256, rsaKey, "rsa", header{"cty": "JWT"}, good), malformed},
		"no object":            {sign(t, jose.RS256, rsaKey, "rsa", nil, `["iss"]`), malformed},
		"null":                 {sign(t, jose.RS256, rsaKey, "rsa", nil, `null`), malformed},
		"two objects":          {sign(t, jose.RS256, rsaKey, "rsa", nil, string(must(json.Marshal(claims(nil))))+`{}`), malformed},
		"a claim twice":        {sign(t, jose.RS256, rsaKey, "rsa", nil, `{"iss":"x",`+string(must(json.Marshal(claims(nil))))[1:]), malformed},
		"kid is a list":        {encoded(`{"alg":"RS256","kid":["rsa"]}`) + "." + parts[1] + "." + parts[2], malformed},
		"alg twice":            {encoded(`{"alg":"none","alg":"RS256","kid":"rsa"}`) + "." + parts[1] + "." + parts[2], malformed},
		"alg none":             {encoded(`{"alg":"none","kid":"rsa"}`) + "." + parts[1] + ".", algorithm},
		"alg None":             {encoded(`{"alg":"None","kid":"rsa"}`) + "." + parts[1] + "." + parts[2], algorithm},
		"no alg":               {encoded(`{"kid":"rsa"}`) + "." + parts[1] + "." + parts[2], algorithm},
		"alg rs256":            {encoded(`{"alg":"rs256","kid":"rsa"}`) + "." + parts[1] + "." + parts[2], algorithm},
		"HS256 by DER":         {hs256("HS256", string(der), claims(nil)), algorithm},
		"HS256 by PEM":         {hs256("HS256", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), claims(nil)), algorithm},
		"HS256 called RS256":   {hs256("RS256", string(der), claims(nil)), signature},
		"HS256 by nothing":     {hs256("HS256", "", claims(nil)), algorithm},
		"crit":                 {sign(t, jose.RS256, rsaKey, "rsa", header{"crit": []string{"exp"}}, claims(nil)), extension},
		"crit of nothing":      {sign(t, jose.RS256, rsaKey, "rsa", header{"crit": []string{}}, claims(nil)), extension},
		"b64":                  {sign(t, jose.RS256, rsaKey, "rsa", header{"b64": true}, claims(nil)), extension},
		"logout token":         {typed("logout+jwt"), "the token is for another use"},
		"type is no text":      {typed(7), "the token is for another use"},
		"its own key":          {embedded(t), unknown},
		"another's key":        {sign(t, jose.RS256, strangerRSA, "rsa", nil, claims(nil)), signature},
		"a key of its curve":   {sign(t, jose.ES256, p256, "p384", nil, claims(nil)), signature},
		"a key of its type":    {sign(t, jose.ES256, p256, "rsa", nil, claims(nil)), signature},
		"unknown key":          {sign(t, jose.RS256, rsaKey, "../../rsa", nil, claims(nil)), unknown},
		"unknown, without kid": {sign(t, jose.RS256, strangerRSA, "", nil, claims(nil)), unknown},
		"a byte changed":       {good[:len(good)-20] + flipped(good[len(good)-20]) + good[len(good)-19:], signature},
		"other claims":         {parts[0] + "." + encoded(string(must(json.Marshal(claims(map[string]any{"sub": "root"}))))) + "." + parts[2], signature},

		"another issuer":     {rs(map[string]any{"iss": "https://id.example.com/"}), issuer},
		"no issuer":          {rs(map[string]any{"iss": nil}), issuer},
		"a list of issuers":  {rs(map[string]any{"iss": []string{"https://id.example.com"}}), issuer},
		"another audience":   {rs(map[string]any{"aud": "shopping"}), audience},
		"no audience":        {rs(map[string]any{"aud": nil}), audience},
		"empty audiences":    {rs(map[string]any{"aud": []string{}}), audience},
		"audience in object": {rs(map[string]any{"aud": map[string]any{"shop": true}}), audience},
		"expired":            {rs(map[string]any{"exp": second - 30}), expired},
		"expired long ago":   {rs(map[string]any{"exp": -1e300}), expired},
		"never expires":      {rs(map[string]any{"exp": nil}), "the token never expires"},
		"exp is a text":      {rs(map[string]any{"exp": "9999999999"}), expiry},
		"exp is null":        {sign(t, jose.RS256, rsaKey, "rsa", nil, `{"iss":"https://id.example.com","aud":"shop","exp":null}`), expiry},
		"exp beyond numbers": {rs(map[string]any{"exp": json.Number("1e999")}), expiry},
		"not yet":            {rs(map[string]any{"nbf": second + 31}), early},
		"not yet, far":       {rs(map[string]any{"nbf": 1e300}), early},
		"nbf is a text":      {rs(map[string]any{"nbf": "0"}), unread},
		"issued later":       {rs(map[string]any{"iat": second + 31}), early},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			claims, outcome, why := v.Verify([]byte(test.token), now)
			want := Refused
			if test.why == "" {
				want = Verified
			}
			if outcome != want || why != test.why || (claims != nil) != (want == Verified) {
				t.Errorf("outcome %d, %v, %q; want %d, %q", outcome, claims, why, want, test.why)
			}
			if known := v.Known([]byte(test.token), now); known != claims {
				t.Errorf("afterwards %v is known, want %v", known, claims)
			}
			for _, part := range []string{test.token, "alice"} {
				if part != "" && strings.Contains(why, part) {
					t.Error("the reason quotes the token")
				}
			}
		})
	}
}

// embedded is a token that brings the key that it is signed by.
func embedded(t *testing.T) string {
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: strangerEC}, &jose.SignerOptions{EmbedJWK: true}))
	return must(must(signer.Sign(must(json.Marshal(claims(nil))))).CompactSerialize())
}

func flipped(letter byte) string {
	if letter == 'A' {
		return "B"
	}
	return "A"
}

func TestForwardedClaims(t *testing.T) {
	tests := map[string]struct {
		claim string // as JSON
		want  string
		taken bool
	}{
		"text":              {`"alice"`, "alice", true},
		"text with a comma": {`"Doe, Jane"`, "Doe, Jane", true},
		"Unicode":           {`"Ähm 漢字"`, "Ähm 漢字", true},
		"nothing":           {`""`, "", true},
		"null":              {`null`, "", true},
		"number":            {`17`, "17", true},
		"as written":        {`1.50e3`, "1.50e3", true},
		"boolean":           {`true`, "true", true},
		"list":              {`["a", "b", 3, false]`, "a,b,3,false", true},
		"empty list":        {`[]`, "", true},
		"new line":          {`"a\r\nX-Admin: yes"`, "", false},
		"null byte":         {`"a\u0000"`, "", false},
		"delete":            {`"a\u007f"`, "", false},
		"C1":                {`"a\u0085b"`, "", false},
		"space before":      {`" root"`, "", false},
		"space behind":      {`"root\u00a0"`, "", false},
		"comma in a list":   {`["user,admin"]`, "", false},
		"new line in list":  {`["a\n"]`, "", false},
		"list in a list":    {`[["a"]]`, "", false},
		"null in a list":    {`[null]`, "", false},
		"object":            {`{"a": 1}`, "", false},
	}
	with := terms
	with.Forwarded = []string{"sub", "it", "realm.roles", "a.b", "absent", "sub.x", "it.it"}
	v := verifier(t, with, published("ec", p256))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			said := strings.TrimSuffix(string(must(json.Marshal(claims(nil)))), "}") +
				`,"it":` + test.claim + `,"realm":{"roles":["r","s"]},"a.b":"dots","a":{"b":"path"}}`
			got, outcome, why := v.Verify([]byte(sign(t, jose.ES256, p256, "ec", nil, said)), now)
			if !test.taken {
				if outcome != Refused || why != "the token has a claim that no field can carry" {
					t.Errorf("outcome %d, %q", outcome, why)
				}
				return
			}
			if outcome != Verified {
				t.Fatal(why)
			}
			var values []string
			for _, value := range got.Forwarded {
				values = append(values, string(value))
			}
			if diff := cmp.Diff([]string{"alice", test.want, "r,s", "dots", "", "", ""}, values); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestATokenIsKnownUntilItExpires(t *testing.T) {
	tests := map[string]struct{ expires, known time.Duration }{
		"soon":    {time.Minute, time.Minute + terms.Leeway},
		"long":    {time.Hour, keptFor},
		"for aye": {1 << 62, keptFor},
	}
	for name, test := range tests {
		v := verifier(t, terms, published("ec", p256))
		token := []byte(sign(t, jose.ES256, p256, "ec", nil, claims(map[string]any{"exp": now.Add(test.expires).Unix()})))
		if _, outcome, why := v.Verify(token, now); outcome != Verified {
			t.Fatal(why)
		}
		if v.Known(token, now.Add(test.known-time.Millisecond)) == nil || v.Known(token, now.Add(test.known+time.Millisecond)) != nil {
			t.Errorf("%s: it is not known for %v", name, test.known)
		}
	}
}

func TestATokenIsKnownToItsTermsAndItsKeysAlone(t *testing.T) {
	sets := New()
	set := must(Read(written(published("ec", p256))))
	token := []byte(sign(t, jose.ES256, p256, "ec", nil, claims(nil)))
	if _, outcome, why := sets.Verifier(set, terms).Verify(token, now); outcome != Verified {
		t.Fatal(why)
	}
	if sets.Verifier(must(Read(written(published("ec", p256)))), terms).Known(token, now) == nil {
		t.Error("the same set and terms do not know it")
	}
	for name, other := range map[string]Terms{
		"issuer": {Issuer: "x", Audiences: terms.Audiences, Leeway: terms.Leeway}, "audience": {Issuer: terms.Issuer, Leeway: terms.Leeway},
		"leeway":    {Issuer: terms.Issuer, Audiences: terms.Audiences},
		"audiences": {Issuer: terms.Issuer, Audiences: []string{"shop till"}, Leeway: terms.Leeway},
		"forwarded": {Issuer: terms.Issuer, Audiences: terms.Audiences, Leeway: terms.Leeway, Forwarded: []string{"sub"}},
	} {
		if sets.Verifier(set, other).Known(token, now) != nil {
			t.Errorf("terms with another %s know it", name)
		}
	}
	if sets.Verifier(must(Read(written(published("ec", p384)))), terms).Known(token, now) != nil {
		t.Error("another set knows it")
	}
}

func FuzzVerify(f *testing.F) {
	set := must(Read(written(published("ec", p256), published("ed", edKey))))
	v := New().Verifier(set, terms)
	for _, head := range []string{`{"alg":"ES256","kid":"ec"}`, `{"alg":"Ed25519"}`, `{"alg":"none"}`, `{"alg":"RS256","jwk":{"kty":"RSA"}}`} {
		f.Add(head, string(must(json.Marshal(claims(nil)))), "x")
	}
	f.Fuzz(func(t *testing.T, head, payload, signature string) {
		text := encoded(head) + "." + encoded(payload) + "." + encoded(signature)
		if claims, outcome, why := v.Verify([]byte(text), now); outcome != Refused || claims != nil || why == "" {
			t.Errorf("outcome %d of a token that nobody has signed, %v, %q", outcome, claims, why)
		}
	})
}

func TestATokenThatNamesNoKeyIsTriedWithAll(t *testing.T) {
	var members []any
	var last *ecdsa.PrivateKey
	for i := range 16 {
		last = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		members = append(members, published(fmt.Sprint(i), last), published("rsa"+fmt.Sprint(i), otherRSA))
	}
	by := verifier(t, Terms{Issuer: "https://id.example.com"}, members...)
	for id, want := range map[string]Outcome{"": Verified, "15": Verified, "0": Refused} {
		if _, got, why := by.Verify([]byte(sign(t, jose.ES256, last, id, nil, claims(nil))), now); got != want {
			t.Errorf("a token of the last key that names %q is %v: %s", id, got, why)
		}
	}
}
