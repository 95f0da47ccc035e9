// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strconv"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// HSTS has browsers come to the host over HTTPS alone (RFC 6797). Answers over plain HTTP stay as they are: browsers
// must not believe those.
type HSTS struct {
	// MaxAge is for how long, in seconds. 0 has browsers forget it.
	MaxAge int64
	// IncludeSubDomains has them do so with all hosts below this one too.
	IncludeSubDomains bool
	// Preload says that the host may be in the lists that browsers come with.
	Preload bool
}

// Name is "hsts".
func (*HSTS) Name() string { return "hsts" }

// Equal returns whether another one tells browsers the same.
func (h *HSTS) Equal(other Policy) bool {
	o, ok := other.(*HSTS)
	return ok && o != nil && *h == *o
}

// Compile writes the field's value.
func (h *HSTS) Compile(*step.Scope) (step.Steps, error) {
	if h.MaxAge < 0 {
		return step.Steps{}, fmt.Errorf("the age is %d seconds", h.MaxAge)
	}
	value := "max-age=" + strconv.FormatInt(h.MaxAge, 10)
	if h.IncludeSubDomains {
		value += "; includeSubDomains"
	}
	if h.Preload {
		value += "; preload"
	}
	c := &hsts{message.Field{Name: strictTransportSecurity, Value: []byte(value)}, "the answer says Strict-Transport-Security: " + value}
	return step.Steps{Request: c.note, Response: c.tell, Own: c.tell}, nil
}

// hsts is a compiled HSTS.
type hsts struct {
	field message.Field
	// text says for somebody who only asks what the answer says.
	text string
}

// strictTransportSecurity is the field's name, and strictTransportSecurityName what it is compared with.
var strictTransportSecurity = []byte("Strict-Transport-Security")

const strictTransportSecurityName = "strict-transport-security"

func (h *hsts) note(v *step.View) step.Answer {
	if v.Secure {
		v.Note((*HSTS)(nil).Name(), h.text)
	} else {
		v.Note((*HSTS)(nil).Name(), "it is for answers over HTTPS")
	}
	return step.Answer{}
}

// tell puts the field into an answer, in place of what the endpoint says: browsers take the first of several (RFC 6797,
// section 8.1).
func (h *hsts) tell(v *step.View, resp *message.Response) {
	if !v.Secure {
		return
	}
	for i := range resp.Fields {
		if f := &resp.Fields[i]; f.Kind == message.Other && message.EqualFold(f.Name, strictTransportSecurityName) {
			f.Kind = message.Dropped
		}
	}
	resp.Fields = append(resp.Fields, h.field)
}
