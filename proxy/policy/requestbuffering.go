// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"

	"github.com/warren-dev/ingress/proxy/step"
)

// RequestBuffering has a request's content gathered before an endpoint is asked. Servers that run one request a worker
// then wait for no client, and those that need a length get one.
type RequestBuffering struct {
	// MaxBytes is how much is gathered. A longer content goes on as it comes after that, if its length is known. Otherwise
	// the request is refused: a server that needs a length would take it for one without content.
	MaxBytes int64
}

// MostBuffered bounds MaxBytes.
const MostBuffered = 1 << 20

// Name is "request-buffering".
func (*RequestBuffering) Name() string { return "request-buffering" }

// Equal returns whether another one gathers as much.
func (b *RequestBuffering) Equal(other Policy) bool {
	o, ok := other.(*RequestBuffering)
	return ok && o != nil && *b == *o
}

// Compile returns a step that only says how much is to be gathered: steps do not wait.
func (b *RequestBuffering) Compile(*step.Scope) (step.Steps, error) {
	most := min(b.MaxBytes, MostBuffered)
	if most <= 0 {
		return step.Steps{}, nil
	}
	name, text := b.Name(), fmt.Sprintf("up to %d bytes of content are gathered before a task is asked", most)
	return step.Steps{Request: func(v *step.View) step.Answer {
		v.Gather = most
		if v.Notes != nil {
			*v.Notes = append(*v.Notes, step.Note{Policy: name, Passed: true, Text: text})
		}
		return step.Answer{}
	}}, nil
}
