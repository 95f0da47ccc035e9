// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// FixedResponse answers every request with what the rule's author wrote.
type FixedResponse struct {
	// Status is 200 to 599.
	Status int
	// ContentType and Body are the content. Body has at most [MostFixed] bytes. A Status of 204, 205 or 304 has none.
	ContentType, Body string
}

// MostFixed bounds the content of a [FixedResponse], in bytes.
const MostFixed = 16 << 10

// Name is "fixed-response".
func (*FixedResponse) Name() string { return "fixed-response" }

// Equal returns whether another response is the same.
func (f *FixedResponse) Equal(other Policy) bool {
	o, ok := other.(*FixedResponse)
	return ok && o != nil && *f == *o
}

// Compile prepares the answer.
func (f *FixedResponse) Compile(*step.Scope) (step.Steps, error) {
	answer := step.Answer{Reason: reason.FixedResponse, Status: f.Status, Content: &step.Content{Type: []byte(f.ContentType), Text: f.Body}}
	name := f.Name()
	return step.Steps{Request: func(v *step.View) step.Answer {
		if v.Notes != nil {
			*v.Notes = append(*v.Notes, step.Note{Policy: name, Text: "with what the rule says"})
		}
		return answer
	}}, nil
}
