// SPDX-License-Identifier: Apache-2.0

package keyset

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"

	"github.com/warren-dev/ingress/proxy/kept"
)

// Terms are what a token has to say besides being signed.
type Terms struct {
	// Issuer is who has to have issued it. Empty for anybody with a key of the set.
	Issuer string
	// Audiences are whom it may be meant for: one of them is enough. Empty for anybody.
	Audiences []string
	// Leeway is how wrong clocks may be.
	Leeway time.Duration
	// Forwarded are the claims that others are told: by name, or by names of objects within objects with dots between.
	Forwarded []string
}

// longestSubject is how much of a subject is kept, in bytes.
const longestSubject = 255

// digest tells terms from others.
func (t *Terms) digest() kept.Digest { return kept.DigestOf(fmt.Appendf(nil, "%#v", *t)) }

// Claims are what a token says that was verified.
type Claims struct {
	// Subject is whom it is about, or the beginning of that. Empty if it does not say.
	Subject string
	// Forwarded are the values of the terms' claims, in their order. Empty for what the token does not say. Nobody
	// changes them.
	Forwarded [][]byte
	// until is when the token is not to be taken without looking at its times.
	until time.Time
}

// check returns the claims of a token, or why it is not taken.
func (t *Terms) check(claims map[string]any, now time.Time) (*Claims, string) {
	if t.Issuer != "" && claims["iss"] != t.Issuer {
		return nil, "the token is of another issuer"
	}
	if len(t.Audiences) > 0 && !t.meant(claims["aud"]) {
		return nil, "the token is meant for another audience"
	}
	expires, why := t.checkTimes(claims, now)
	if why != "" {
		return nil, why
	}
	checked := &Claims{Forwarded: make([][]byte, len(t.Forwarded)), until: expires}
	for i, name := range t.Forwarded {
		value, ok := text(find(claims, name))
		if !ok {
			return nil, "the token has a claim that no field can carry"
		}
		checked.Forwarded[i] = []byte(value)
	}
	if subject, ok := claims["sub"].(string); ok {
		checked.Subject = strings.Clone(subject[:min(len(subject), longestSubject)])
	}
	return checked, ""
}

// meant returns whether an aud claim names one of the audiences: it is a name or a list of names.
func (t *Terms) meant(aud any) bool {
	switch aud := aud.(type) {
	case string:
		return slices.Contains(t.Audiences, aud)
	case []any:
		return slices.ContainsFunc(aud, func(one any) bool {
			name, ok := one.(string)
			return ok && slices.Contains(t.Audiences, name)
		})
	}
	return false
}

// checkTimes returns until when a token is taken, or why it is not now. One that never expires is not: nobody can
// take it back.
func (t *Terms) checkTimes(claims map[string]any, now time.Time) (until time.Time, why string) {
	// Seconds as floating-point numbers are right to a microsecond until 2106.
	seconds, leeway := float64(now.UnixMicro())/1e6, t.Leeway.Seconds()
	expires, ok, there := number(claims, "exp")
	switch {
	case !there:
		return until, "the token never expires"
	case !ok:
		return until, "the token has no readable time of expiry"
	case expires+leeway <= seconds:
		return until, "the token has expired"
	}
	for _, claim := range []string{"nbf", "iat"} {
		if from, ok, there := number(claims, claim); there && !ok {
			return until, "the token has no readable time of beginning"
		} else if there && from-leeway > seconds {
			return until, "the token is not valid yet"
		}
	}
	left := min(expires+leeway-seconds, keptFor.Seconds())
	return now.Add(time.Duration(left * float64(time.Second))), ""
}

// number returns a claim that is to be a number.
func number(claims map[string]any, name string) (value float64, ok, there bool) {
	claim, there := claims[name]
	written, ok := claim.(json.Number)
	if !ok {
		return 0, false, there
	}
	value, err := written.Float64()
	return value, err == nil, true
}

// find returns a claim, or nil. A name that there is wins over a path of the same text.
func find(claims map[string]any, name string) any {
	if value, ok := claims[name]; ok {
		return value
	}
	first, rest, ok := strings.Cut(name, ".")
	if !ok {
		return nil
	}
	within, _ := claims[first].(map[string]any)
	return find(within, rest)
}

// text returns a claim as a field's value. ok is false if no field can carry it without saying something else: it
// would be cut, or be two fields, or one of a list's members would be read as two.
func text(claim any) (value string, ok bool) {
	switch claim := claim.(type) {
	case nil:
		return "", true
	case []any:
		members := make([]string, len(claim))
		for i, member := range claim {
			if members[i], ok = scalar(member); !ok || strings.Contains(members[i], ",") {
				return "", false
			}
		}
		return strings.Join(members, ","), true
	default:
		return scalar(claim)
	}
}

// scalar returns the text of a claim that is no list.
func scalar(claim any) (string, bool) {
	switch claim := claim.(type) {
	case string:
		whole := utf8.ValidString(claim) && strings.TrimSpace(claim) == claim
		return claim, whole && !strings.ContainsFunc(claim, unicode.IsControl)
	case json.Number:
		return claim.String(), true
	case bool:
		return fmt.Sprint(claim), true
	}
	return "", false
}
