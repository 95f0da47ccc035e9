// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// MaxRequestBytes bounds the content of requests.
type MaxRequestBytes struct {
	// Bytes is the most that an endpoint sees. A longer content is refused before an endpoint is asked if its length is
	// known, and otherwise where it becomes longer.
	Bytes int64
}

// Name is "max-request-bytes".
func (*MaxRequestBytes) Name() string { return "max-request-bytes" }

// Equal returns whether another limit is the same.
func (l *MaxRequestBytes) Equal(other Policy) bool {
	o, ok := other.(*MaxRequestBytes)
	return ok && o != nil && *l == *o
}

// Compile returns a step that looks at the length. It fails if no request could have content.
func (l *MaxRequestBytes) Compile(*step.Scope) (step.Steps, error) {
	most := l.Bytes
	if most <= 0 {
		return step.Steps{}, fmt.Errorf("the most is %d bytes", most)
	}
	name := l.Name()
	refusal := fmt.Sprintf("the content is longer than the %d bytes that the rule allows", most)
	return step.Steps{Request: func(v *step.View) step.Answer {
		v.MaxContent = most
		passed := v.Request.ContentLength == message.UnknownLength || v.Request.ContentLength <= most
		if v.Notes != nil {
			*v.Notes = append(*v.Notes, step.Note{Policy: name, Passed: passed, Text: fmt.Sprintf("a request may have %d bytes of content", most)})
		}
		if !passed {
			return step.Answer{Reason: reason.ContentTooLarge, Detail: refusal}
		}
		return step.Answer{}
	}}, nil
}
