// SPDX-License-Identifier: Apache-2.0

package change

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

// Value makes another value of a field's.
type Value struct {
	// From is what the value has to begin with. That part becomes To.
	From string
	// Expression is a regular expression (RE2) in place of From. If it matches any part of the value, all of the value
	// becomes To, in which $1 or ${name} stands for what a group has matched.
	Expression string
	To         string
}

// CompiledValue is a compiled Value.
type CompiledValue struct {
	from []byte
	// To takes the place of from. If there is an expression, template makes the whole value.
	To         []byte
	expression *regexp.Regexp
	template   plain.Template
}

var (
	errNothingChanged = errors.New("a change says nothing of which values it is for")
	errControl        = errors.New("a change makes a value with a control character, which could end the field")
)

// CompileValues fails if a change says nothing of which values it is for, if it could end a field, or if its expression
// does not compile.
func CompileValues(changes []Value, scope *step.Scope) ([]CompiledValue, error) {
	compiled := make([]CompiledValue, len(changes))
	for i, c := range changes {
		compiled[i] = CompiledValue{from: []byte(c.From), To: []byte(c.To)}
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

// Apply returns what the change makes of a value. It returns false if the change is not for the value, or would make it
// too long. Only a value that is changed takes memory.
func (c *CompiledValue) Apply(value []byte) (made []byte, ok bool) {
	if c.expression == nil {
		rest, ok := bytes.CutPrefix(value, c.from)
		if !ok {
			return nil, false
		}
		return slices.Concat(c.To, rest), true
	}
	at := c.expression.FindSubmatchIndex(value)
	if at == nil {
		return nil, false
	}
	return c.template.Fill(nil, value, at, LongestValue)
}

// ByExpression says whether the change is for what an expression matches.
func (c *CompiledValue) ByExpression() bool { return c.expression != nil }

// LongestValue bounds what an expression makes.
const LongestValue = 16 << 10

// First applies the first change that is for a value.
func First(changes []CompiledValue, value []byte) (made []byte, ok bool) {
	for i := range changes {
		if made, ok = changes[i].Apply(value); ok {
			return made, true
		}
	}
	return nil, false
}
