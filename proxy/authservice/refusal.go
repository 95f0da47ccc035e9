// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

var location = []byte("Location")

// unavailable is the answer to a request about which the service said nothing that can be followed.
func (s *Service) unavailable(why string) step.Answer {
	refused := step.Answer{Reason: reason.AuthUnavailable, Cause: s.name + ": " + why}
	if s.nginx {
		refused.Status = 500
	}
	return refused
}

// refuse answers a request that the service does not let pass.
func (s *Service) refuse(v *step.View, a *answer) step.Answer {
	refused := step.Answer{Reason: reason.AuthDenied, Status: a.status}
	if a.status == 401 || a.redirectsSelf {
		refused.Reason = reason.AuthRequired
	}
	if a.mediaType != nil {
		refused.Content = &step.Content{Type: a.mediaType, Text: a.content}
	}
	call := message.IsGRPC(v.Request.Fields)
	switch {
	case a.redirectsSelf && call: // a call goes nowhere, and would end in a code that says nothing
		refused.Status = 401
		message.DropNamed(a.fields, "location")
	case a.status == 401 && !s.grpc && !s.signIn.IsEmpty() && !call:
		if to := s.whereToSignIn(v); to != nil {
			message.DropNamed(a.fields, "www-authenticate") // a browser would ask for a password
			refused.Status = 302
			v.Fields = append(v.Fields, message.Field{Name: location, Value: to})
		}
	}
	s.note(v, false, " does not let the request pass")
	v.Fields = append(v.Fields, a.fields...)
	return refused
}

// whereToSignIn returns the URL where the client signs in, with the URL of the request as the one to come back to. It
// returns nil if only the client says which host the rule is for: nobody is sent there.
func (s *Service) whereToSignIn(v *step.View) []byte {
	if s.relative && s.signIn.NamesHost() {
		return nil
	}
	to := s.signIn.AppendURL(make([]byte, 0, 256), v)
	if s.returns {
		if !s.relative {
			to = append(append(to, schemeOf(v)...), "%3A%2F%2F"...)
			to = auth.AppendEscaped(to, message.AppendPort(append([]byte(nil), v.Host...), v.Scheme(), message.ForwardedPort(v.Request.Fields)))
		}
		to = auth.AppendEscaped(auth.AppendEscaped(to, v.Path), v.Request.Query)
	}
	if !message.IsTarget(to) { // a pattern may say anything
		return nil
	}
	return to
}
