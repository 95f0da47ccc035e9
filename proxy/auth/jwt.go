// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/warren-dev/ingress/proxy/keyset"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// JWT lets in who brings a token that an issuer has signed (RFC 6750, section 2.1). The endpoint gets the token too.
type JWT struct {
	// Issuer is who has to have issued it, and Audiences are whom it may be meant for. Empty is for any.
	Issuer    string
	Audiences []string
	// KeysURL is where the issuer's keys are (RFC 7517). Keys are the keys themselves, if it is empty. With Local, the
	// URL may lead to the machine that the controller runs on.
	KeysURL, Keys string
	Local         bool
	// Leeway is how wrong clocks may be.
	Leeway time.Duration
	// ForwardClaims are the claims that the endpoint is told by fields.
	ForwardClaims []ForwardedClaim
	// Missing says why there are no keys. Then nobody gets in. Empty if there are, or may be.
	Missing string
}

// ForwardedClaim is a claim that an endpoint is told, and the field by which it is told that.
type ForwardedClaim struct{ Claim, Header string }

const jwtName = "jwt"

// Name is "jwt".
func (*JWT) Name() string { return jwtName }

// Equal returns whether another one takes the same tokens, and tells endpoints the same of them.
func (j *JWT) Equal(other step.Policy) bool {
	o, ok := other.(*JWT)
	return ok && o != nil && j.Issuer == o.Issuer && slices.Equal(j.Audiences, o.Audiences) && j.KeysURL == o.KeysURL && j.Keys == o.Keys &&
		j.Local == o.Local && j.Leeway == o.Leeway && slices.Equal(j.ForwardClaims, o.ForwardClaims) && j.Missing == o.Missing
}

// Tells returns the fields that have claims.
func (j *JWT) Tells() (names []string) {
	for _, c := range j.ForwardClaims {
		names = append(names, c.Header)
	}
	return names
}

// Compile finds the keys, or has them fetched. Where that makes no sense, nobody gets in.
func (j *JWT) Compile(s *step.Scope) (step.Steps, error) {
	compiled := &jwt{missing: cmp.Or(j.Missing, j.Inspect()), says: j.says()}
	if compiled.missing == "" {
		set, err := j.keys(s.Keys)
		if err != nil {
			compiled.missing = err.Error()
		} else {
			compiled.verify(s.Keys, set, j)
		}
	}
	return step.Steps{Request: compiled.request}, nil
}

func (j *JWT) keys(sets *keyset.Sets) (*keyset.Set, error) {
	if j.KeysURL != "" {
		return sets.At(j.KeysURL, j.Local), nil
	}
	return keyset.Read(j.Keys)
}

// Inspect returns what is wrong with the fields that have claims, or nothing.
func (j *JWT) Inspect() string {
	for _, c := range j.ForwardClaims {
		name := []byte(c.Header)
		switch {
		case c.Claim == "":
			return "a claim has no name: write one, such as sub"
		case !message.IsToken(name):
			return fmt.Sprintf("the claim %q goes to a field with a name that no field can have, %q: write one such as X-User", c.Claim, c.Header)
		case message.KindOf(name) != message.Other || message.EqualFold(name, "cookie"):
			return fmt.Sprintf("the claim %q goes to the field %s, which has another meaning: write one such as X-User", c.Claim, c.Header)
		}
	}
	return ""
}

// says is what somebody is told who only asks about a request.
func (j *JWT) says() string {
	text := "a token"
	if j.Issuer != "" {
		text += " of " + j.Issuer
	}
	if len(j.Audiences) > 0 {
		text += fmt.Sprintf(" for %q", j.Audiences)
	}
	if j.KeysURL != "" {
		return text + ", signed by a key of " + j.KeysURL
	}
	return text + ", signed by a key of the rule"
}

// jwt is a compiled JWT.
type jwt struct {
	set      *keyset.Set
	verifier *keyset.Verifier
	// names are those of the fields that have claims.
	names [][]byte
	// missing says why there is no verifier. says is what somebody is told who only asks about a request.
	missing, says string
}

// verify has tokens verified by a set of keys.
func (j *jwt) verify(sets *keyset.Sets, set *keyset.Set, by *JWT) {
	terms := keyset.Terms{Issuer: by.Issuer, Audiences: slices.Clone(by.Audiences), Leeway: by.Leeway}
	for _, c := range by.ForwardClaims {
		terms.Forwarded = append(terms.Forwarded, c.Claim)
		j.names = append(j.names, []byte(c.Header))
	}
	j.set, j.verifier = set, sets.Verifier(set, terms)
}

const bearer = "bearer"

func (j *jwt) request(v *step.View) step.Answer {
	switch {
	case v.Admitted:
		v.Note(jwtName, admittedText)
		return step.Answer{}
	case j.missing != "":
		dropAuthorization(v.Request.Fields)
		return unsaid(v, jwtName, j.missing)
	}
	token, ok := credentialsOf(v.Request.Fields, bearer)
	if !ok {
		dropAuthorization(v.Request.Fields)
		if v.Notes != nil {
			noteRefusal(v, jwtName, "the request has no Authorization: Bearer, which has to bring "+j.says)
		}
		return refuse(v, bearerChallenge, "")
	}
	claims, outcome, why := j.verifier.Verify(token, v.Now)
	if outcome == keyset.Waiting {
		v.Await = j
		return step.Answer{Next: step.Wait}
	}
	return j.conclude(v, claims, outcome, why)
}

// bearerChallenge is for requests without a token: these are told of no error (RFC 6750, section 3.1).
var bearerChallenge = []byte("Bearer")

// conclude lets in whom a token is about, and tells the endpoint, or lets in nobody. A service with a page for the
// answer does not get the token that was refused either.
func (j *jwt) conclude(v *step.View, claims *keyset.Claims, outcome keyset.Outcome, why string) step.Answer {
	if outcome != keyset.Verified {
		dropAuthorization(v.Request.Fields)
	}
	switch outcome {
	case keyset.Verified:
	case keyset.Refused:
		if v.Notes != nil {
			noteRefusal(v, jwtName, why+"; it has to be "+j.says)
		}
		return refuse(v, fmt.Appendf(nil, `Bearer error="invalid_token", error_description=%s`, quoted(why)), why)
	default:
		return unsaid(v, jwtName, "the key set "+j.set.Describe(v.Now))
	}
	v.User = claims.Subject
	for i, value := range claims.Forwarded {
		if len(value) > 0 {
			v.Request.Fields = append(v.Request.Fields, message.Field{Name: j.names[i], Value: value})
		}
	}
	if v.Notes != nil {
		v.Note(jwtName, "the request brings "+j.says)
	}
	return step.Answer{}
}

// Ask implements [step.Asker].
func (j *jwt) Ask(v *step.View, w step.Waiting) step.Answer {
	return during(w, func(ctx context.Context) step.Answer {
		token, _ := credentialsOf(v.Request.Fields, bearer)
		claims, outcome, why := j.verifier.Wait(ctx, v.Client, token)
		return j.conclude(v, claims, outcome, why)
	})
}

// Foretell implements [step.Asker].
func (j *jwt) Foretell(v *step.View) {
	v.Note(jwtName, "would have the key set fetched, which "+j.set.Describe(v.Now)+"; goes on as if the token were "+j.says)
}
