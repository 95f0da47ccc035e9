// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"bytes"
	"context"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

const authorizationName = "authorization"

// credentialsOf returns what a request has for a scheme of authentication (RFC 9110, section 11.4), which is in lower
// case. Of several Authorization fields, nobody knows which one counts: then there are none.
func credentialsOf(fields []message.Field, scheme string) (credentials []byte, ok bool) {
	for i := range fields {
		f := &fields[i]
		if f.Kind != message.Authorization || !message.EqualFold(f.Name, authorizationName) {
			continue
		}
		if ok {
			return nil, false
		}
		credentials, ok = f.Value, true
	}
	if len(credentials) <= len(scheme) || credentials[len(scheme)] != ' ' || !message.EqualFold(credentials[:len(scheme)], scheme) {
		return nil, false
	}
	return bytes.TrimLeft(credentials[len(scheme):], " "), true
}

// dropAuthorization takes out of a request what one of the policies has read.
func dropAuthorization(fields []message.Field) {
	DropAlike(fields, authorizationName)
}

// refuse answers a request that does not prove whose it is, and says how it can (RFC 9110, section 11.6.1).
func refuse(v *step.View, challenge []byte, detail string) step.Answer {
	v.Fields = append(v.Fields, message.Field{Name: challengeName, Value: challenge})
	return step.Answer{Reason: reason.AuthRequired, Detail: detail}
}

var challengeName = []byte("WWW-Authenticate")

// unsaid answers a request of which nobody can say whose it is.
func unsaid(v *step.View, policy, why string) step.Answer {
	noteRefusal(v, policy, why)
	return step.Answer{Reason: reason.AuthUnavailable, Cause: policy + ": " + why}
}

// noteRefusal notes for somebody who only asks why a policy refuses a request.
func noteRefusal(v *step.View, policy, why string) {
	if v.Notes != nil {
		*v.Notes = append(*v.Notes, step.Note{Policy: policy, Text: why})
	}
}

// admittedText says for somebody who only asks why a policy does not look at a request.
const admittedText = "the client's address suffices"

// cancel ends what a request waits for.
type cancel context.CancelFunc

// Close implements [io.Closer].
func (c cancel) Close() error { c(); return nil }

// during calls wait with a context that ends when the request is ended. If it was ended already, nobody waits, and
// the answer does not matter.
func during(w step.Waiting, wait func(context.Context) step.Answer) step.Answer {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if !w.Arm(cancel(stop)) {
		return step.Answer{Reason: reason.AuthUnavailable}
	}
	return wait(ctx)
}
