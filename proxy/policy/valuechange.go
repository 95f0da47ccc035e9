// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/warren-dev/ingress/proxy/plain"
	"github.com/warren-dev/ingress/proxy/step"
)

// ValueChange makes another value of a field's.
type ValueChange struct {
	// From is what the value has to begin with. That part becomes To.
	From string
	// Expression is a regular expression (RE2) in place of From. If it matches any part of the value, all of the value
	// becomes To, in which $1 or ${name} stands for what a group has matched.
	Expression string
	To         string
}

// valueChange is a compiled ValueChange.
type valueChange struct {
	from, to   []byte
	expression *regexp.Regexp
	// template is in place of to if there is an expression.
	template plain.Template
}

var (
	errNothingChanged = errors.New("a change says nothing of which values it is for")
	errControl        = errors.New("a change makes a value with a control character, which could end the field")
)

func compileChanges(changes []ValueChange, scope *step.Scope) ([]valueChange, error) {
	compiled := make([]valueChange, len(changes))
	for i, c := range changes {
		compiled[i] = valueChange{from: []byte(c.From), to: []byte(c.To)}
		switch {
		case strings.ContainsFunc(c.To, unicode.IsControl):
			return nil, errControl
		case c.Expression != "":
			var err error
			if compiled[i].expression, err = scope.Regexp(c.Expression); err != nil {
				return nil, err
			}
			compiled[i].template = plain.ReadTemplate(compiled[i].expression.SubexpNames(), c.To)
		case c.From == "":
			return nil, errNothingChanged
		}
	}
	return compiled, nil
}

// apply returns what the change makes of a value. It returns false if the change is not for the value, or would make it
// too long. Only a value that is changed takes memory.
func (c *valueChange) apply(value []byte) (made []byte, ok bool) {
	if c.expression == nil {
		rest, ok := bytes.CutPrefix(value, c.from)
		if !ok {
			return nil, false
		}
		return slices.Concat(c.to, rest), true
	}
	at := c.expression.FindSubmatchIndex(value)
	if at == nil {
		return nil, false
	}
	return c.template.Fill(nil, value, at, longestValue)
}

// longestValue bounds what an expression makes.
const longestValue = 16 << 10

// changeFirst applies the first change that is for a value.
func changeFirst(changes []valueChange, value []byte) (made []byte, ok bool) {
	for i := range changes {
		if made, ok = changes[i].apply(value); ok {
			return made, true
		}
	}
	return nil, false
}
