// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/password"
	"github.com/warren-dev/ingress/proxy/step"
)

// Basic lets in who knows the password of a user (RFC 7617). The endpoint does not get the password.
type Basic struct {
	// Realm is what browsers may call it when they ask for a password.
	Realm string
	// Users is htpasswd text.
	Users string
	// Namespace is whose share of checks is used.
	Namespace string
	// Missing says why there are no users. Then nobody gets in. Empty if there are.
	Missing string
}

const basicName = "basic-auth"

// Name is "basic-auth".
func (*Basic) Name() string { return basicName }

// Equal returns whether another one lets in the same users.
func (b *Basic) Equal(other step.Policy) bool {
	o, ok := other.(*Basic)
	return ok && o != nil && *b == *o
}

// Tells returns nothing: endpoints are told no users.
func (*Basic) Tells() []string { return nil }

// Compile reads the users, unless another route has. Without any, nobody gets in.
func (b *Basic) Compile(s *step.Scope) (step.Steps, error) {
	compiled := &basic{challenge: fmt.Appendf(nil, `Basic realm=%s, charset="UTF-8"`, quoted(b.Realm)), missing: b.Missing}
	if b.Missing == "" {
		users, err := s.Passwords.Users(b.Users)
		if users == nil {
			compiled.missing = err.Error()
		} else {
			compiled.gate = s.Passwords.Gate(b.Namespace, users)
			compiled.says = fmt.Sprintf("the password of one of %d users", users.Len())
		}
	}
	return step.Steps{Request: compiled.request}, nil
}

// quoted returns a text as a quoted string (RFC 9110, section 5.6.4). What cannot be in one becomes a space.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(text) {
		switch {
		case c < ' ' || c == 0x7f:
			c = ' '
		case c == '"' || c == '\\':
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	b.WriteByte('"')
	return b.String()
}

// basic is a compiled Basic.
type basic struct {
	gate      *password.Gate
	challenge []byte
	// missing says why there is no gate. says is what somebody is told who only asks about a request.
	missing, says string
}

func (b *basic) request(v *step.View) step.Answer {
	switch {
	case v.Admitted:
		dropAuthorization(v.Request.Fields)
		v.Note(basicName, admittedText)
		return step.Answer{}
	case b.missing != "":
		dropAuthorization(v.Request.Fields)
		return unsaid(v, basicName, b.missing)
	}
	var memory [longestLogin]byte
	name, secret, ok := login(memory[:], v.Request.Fields)
	if !ok {
		return b.refuse(v, "the request has no Authorization: Basic, which has to bring ")
	}
	user, verdict := b.gate.Known(name, secret, v.Now)
	if verdict == password.Unknown {
		v.Await = b
		return step.Answer{Next: step.Wait}
	}
	return b.conclude(v, user, verdict)
}

// conclude lets a user in, or nobody.
func (b *basic) conclude(v *step.View, user string, verdict password.Verdict) step.Answer {
	if verdict != password.Right {
		return b.refuse(v, "what the request brings is not ")
	}
	dropAuthorization(v.Request.Fields)
	v.User = user
	if v.Notes != nil {
		v.Note(basicName, "the request brings the password of the user "+user)
	}
	return step.Answer{}
}

// refuse lets nobody in. A service with a page for the answer does not get what was tried either.
func (b *basic) refuse(v *step.View, why string) step.Answer {
	dropAuthorization(v.Request.Fields)
	if v.Notes != nil {
		noteRefusal(v, basicName, why+b.says)
	}
	return refuse(v, b.challenge, "")
}

// Ask implements [step.Asker].
func (b *basic) Ask(v *step.View, w step.Waiting) step.Answer {
	return during(w, func(ctx context.Context) step.Answer {
		var memory [longestLogin]byte
		name, secret, _ := login(memory[:], v.Request.Fields)
		user, verdict, err := b.gate.Check(ctx, v.Client, name, secret, v.Now)
		if err != nil {
			dropAuthorization(v.Request.Fields)
			v.Fields = append(v.Fields, message.Field{Name: []byte("Retry-After"), Value: []byte("1")})
			return unsaid(v, basicName, err.Error())
		}
		return b.conclude(v, user, verdict)
	})
}

// Foretell implements [step.Asker].
func (b *basic) Foretell(v *step.View) {
	dropAuthorization(v.Request.Fields)
	v.Note(basicName, "would find out whether the request brings "+b.says+"; goes on as if it did")
}

// longestLogin is how much memory a login needs, in bytes: base64 of the longest name and password that there can be.
// Longer ones are nobody's.
const longestLogin = 2 << 10

// login returns the user and the password that a request names. They are in the memory.
func login(memory []byte, fields []message.Field) (name, secret []byte, ok bool) {
	text, ok := credentialsOf(fields, "basic")
	if !ok || base64.StdEncoding.DecodedLen(len(text)) > len(memory) {
		return nil, nil, false
	}
	n, err := base64.StdEncoding.Decode(memory, text)
	if err != nil {
		return nil, nil, false
	}
	return bytes.Cut(memory[:n], []byte(":"))
}
