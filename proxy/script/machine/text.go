// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"fmt"
	"slices"

	"github.com/warren-dev/ingress/proxy/script"
)

// parsedText is a compiled text with variables in it.
type parsedText []textPart

// textPart is a piece of a text: a literal, or a variable.
type textPart struct {
	script.Variable
	// index is a slot of set, the number of a group, or the place among the values that are looked for once.
	index int
}

func literalPart(text string) textPart {
	return textPart{Variable: script.Variable{Literal: []byte(text)}}
}

// text compiles a text.
func (p *Program) text(text string) (compiled parsedText, err error) {
	err = script.EachPart(text, func(literal, name string, group int) error {
		part := literalPart(literal)
		if group > 0 {
			part = textPart{script.Variable{Kind: script.VariableGroup}, group}
			p.groups = true
		} else if name != "" {
			var known bool
			if part, known = p.variable(name); !known {
				return fmt.Errorf("there is no variable $%s", name)
			}
		}
		if n := len(compiled); part.Kind == script.VariableLiteral && n > 0 && compiled[n-1].Kind == script.VariableLiteral {
			compiled[n-1].Literal = append(slices.Clip(compiled[n-1].Literal), part.Literal...)
			return nil
		}
		compiled = append(compiled, part)
		return nil
	})
	return compiled, err
}

// variable returns what a variable stands for.
func (p *Program) variable(name string) (textPart, bool) {
	part, known := p.lookUp(name)
	if known && part.Kind.IsKept() {
		same := func(k textPart) bool { return k.Kind == part.Kind && k.Name == part.Name }
		if part.index = slices.IndexFunc(p.kept, same); part.index < 0 {
			part.index = len(p.kept)
			p.kept = append(p.kept, part)
		}
	}
	return part, known
}

func (p *Program) lookUp(name string) (textPart, bool) {
	if i := slices.Index(p.slots, name); i >= 0 {
		return textPart{script.Variable{Kind: script.VariableSlot}, i}, true
	}
	if constant, ok := p.constants[name]; ok {
		if p.early && !constant.Early {
			return textPart{}, true
		}
		return literalPart(constant.Value), true
	}
	if p.early && slices.Contains(locationVariables, name) {
		return textPart{}, true
	}
	found, known := script.FindVariable(name)
	return textPart{Variable: found}, known
}

// locationVariables are those that a location of ingress-nginx sets, so that they are empty before.
var locationVariables = []string{"best_http_host", "pass_access_scheme", "pass_port", "pass_server_port"}

// literal returns a text that has no variables.
func (t parsedText) literal() (value []byte, ok bool) {
	switch {
	case len(t) == 0:
		return nil, true
	case len(t) == 1 && t[0].Kind == script.VariableLiteral:
		return t[0].Literal, true
	}
	return nil, false
}

// isUser says whether the text is $remote_user.
func (t parsedText) isUser() bool { return len(t) == 1 && t[0].Kind == script.VariableUser }

// ofResponse says whether the text has a value only once there is a response.
func (t parsedText) ofResponse() bool {
	return slices.ContainsFunc(t, func(p textPart) bool { return p.Kind.IsResponse() })
}
