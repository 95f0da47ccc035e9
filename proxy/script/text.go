// SPDX-License-Identifier: Apache-2.0

package script

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// parsedText is a compiled text with variables in it.
type parsedText []textPart

// textPart is a piece of a text: a literal, or a variable.
type textPart struct {
	literal []byte
	kind    variableKind
	// name is the name of a field, a cookie or a parameter, as it is compared.
	name string
	// index is a slot of set, the number of a group, or the place among the values that are looked for once.
	index int
}

// variableKind is where a variable's value comes from.
type variableKind uint8

const (
	variableLiteral variableKind = iota
	variableSlot
	variableGroup

	variableURI
	variableArgs
	variableIsArgs
	variableRequestURI
	variableHost
	variableHTTPHost
	variableScheme
	variableHTTPS
	variableMethod
	variableRequest
	variableClient
	variableUser
	variableProtocol
	variablePort
	variableConnectionUpgrade
	variableField
	variableArgument
	variableCookie

	// Those that follow are the response's.
	variableStatus
	variableUpstreamStatus
	variableSent
	variableUpstreamField
)

// isResponse says whether there is a value only once there is a response.
func (k variableKind) isResponse() bool { return k >= variableStatus }

// isKept says whether nginx looks for the value once, so that what changes the request later does not change it.
func (k variableKind) isKept() bool {
	return k == variableField || k == variableCookie || k == variableUser
}

// requestVariables are the variables that need no prefix.
var requestVariables = map[string]textPart{
	"uri":                       {kind: variableURI},
	"document_uri":              {kind: variableURI},
	"args":                      {kind: variableArgs},
	"query_string":              {kind: variableArgs},
	"is_args":                   {kind: variableIsArgs},
	"request_uri":               {kind: variableRequestURI},
	"host":                      {kind: variableHost},
	"http_host":                 {kind: variableHTTPHost},
	"best_http_host":            {kind: variableHTTPHost},
	"scheme":                    {kind: variableScheme},
	"pass_access_scheme":        {kind: variableScheme},
	"https":                     {kind: variableHTTPS},
	"request_method":            {kind: variableMethod},
	"request":                   {kind: variableRequest},
	"remote_addr":               {kind: variableClient},
	"remote_user":               {kind: variableUser},
	"the_real_ip":               {kind: variableClient},
	"server_protocol":           {kind: variableProtocol},
	"server_port":               {kind: variablePort},
	"pass_port":                 {kind: variablePort},
	"pass_server_port":          {kind: variablePort},
	"connection_upgrade":        {kind: variableConnectionUpgrade},
	"content_type":              {kind: variableField, name: "content-type"},
	"content_length":            {kind: variableField, name: "content-length"},
	"req_id":                    {kind: variableField, name: "x-request-id"},
	"request_id":                {kind: variableField, name: "x-request-id"},
	"proxy_add_x_forwarded_for": {kind: variableField, name: "x-forwarded-for"},
	"literal_dollar":            {literal: []byte("$")},
	"status":                    {kind: variableStatus},
	"upstream_status":           {kind: variableUpstreamStatus},
}

// prefixedVariables are the beginnings of names of variables, and what they stand for.
var prefixedVariables = []struct {
	prefix string
	kind   variableKind
}{
	{"http_", variableField},
	{"arg_", variableArgument},
	{"cookie_", variableCookie},
	{"sent_http_", variableSent},
	{"upstream_http_", variableUpstreamField},
}

// requestVariable returns what a variable stands for that no script has made.
func requestVariable(name string) (textPart, bool) {
	if part, ok := requestVariables[name]; ok {
		return part, true
	}
	for _, p := range prefixedVariables {
		rest, ok := strings.CutPrefix(name, p.prefix)
		if !ok || rest == "" {
			continue
		}
		if rest = strings.ToLower(rest); p.kind != variableArgument && p.kind != variableCookie {
			rest = strings.ReplaceAll(rest, "_", "-")
		}
		return textPart{kind: p.kind, name: rest}, true
	}
	return textPart{}, false
}

// IsVariable says whether nginx or its ingress controller gives a variable its value, and a [Script] knows it.
func IsVariable(name string) bool {
	_, ok := requestVariable(name)
	return ok
}

var (
	errNoName    = errors.New("a $ has no name of a variable behind it: a literal one is ${literal_dollar}")
	errNoBracket = errors.New("a ${ has no } behind the name")
)

// Names returns the names of the variables in a text, and whether there are groups in it.
func Names(text string) (names []string, groups bool, err error) {
	err = eachPart(text, func(_, name string, group int) error {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
		groups = groups || group > 0
		return nil
	})
	return names, groups, err
}

// eachPart calls yield with each part of a text: a literal, the name of a variable, or the number of a group.
func eachPart(text string, yield func(literal, name string, group int) error) error {
	for text != "" {
		at := strings.IndexByte(text, '$')
		if at < 0 {
			return yield(text, "", 0)
		}
		if at > 0 {
			if err := yield(text[:at], "", 0); err != nil {
				return err
			}
		}
		text = text[at+1:]
		if text != "" && '1' <= text[0] && text[0] <= '9' {
			if err := yield("", "", int(text[0]-'0')); err != nil {
				return err
			}
			text = text[1:]
			continue
		}
		rest, bracket := strings.CutPrefix(text, "{")
		n := 0
		for n < len(rest) && isNameByte(rest[n]) {
			n++
		}
		if n == 0 {
			return errNoName
		}
		name := rest[:n]
		text = rest[n:]
		if bracket {
			var ok bool
			if text, ok = strings.CutPrefix(text, "}"); !ok {
				return errNoBracket
			}
		}
		if err := yield("", name, 0); err != nil {
			return err
		}
	}
	return nil
}

func isNameByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_'
}

// text compiles a text.
func (p *Program) text(text string) (compiled parsedText, err error) {
	err = eachPart(text, func(literal, name string, group int) error {
		part := textPart{literal: []byte(literal)}
		if group > 0 {
			part = textPart{kind: variableGroup, index: group}
			p.groups = true
		} else if name != "" {
			var known bool
			if part, known = p.variable(name); !known {
				return fmt.Errorf("there is no variable $%s", name)
			}
		}
		if n := len(compiled); part.kind == variableLiteral && n > 0 && compiled[n-1].kind == variableLiteral {
			compiled[n-1].literal = append(slices.Clip(compiled[n-1].literal), part.literal...)
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
	if known && part.kind.isKept() {
		same := func(k textPart) bool { return k.kind == part.kind && k.name == part.name }
		if part.index = slices.IndexFunc(p.kept, same); part.index < 0 {
			part.index = len(p.kept)
			p.kept = append(p.kept, part)
		}
	}
	return part, known
}

func (p *Program) lookUp(name string) (textPart, bool) {
	if i := slices.Index(p.slots, name); i >= 0 {
		return textPart{kind: variableSlot, index: i}, true
	}
	if constant, ok := p.constants[name]; ok {
		if p.early && !constant.Early {
			return textPart{}, true
		}
		return textPart{literal: []byte(constant.Value)}, true
	}
	if p.early && slices.Contains(locationVariables, name) {
		return textPart{}, true
	}
	return requestVariable(name)
}

// locationVariables are those that a location of ingress-nginx sets, so that they are empty before.
var locationVariables = []string{"best_http_host", "pass_access_scheme", "pass_port", "pass_server_port"}

// literal returns a text that has no variables.
func (t parsedText) literal() (value []byte, ok bool) {
	switch {
	case len(t) == 0:
		return nil, true
	case len(t) == 1 && t[0].kind == variableLiteral:
		return t[0].literal, true
	}
	return nil, false
}

// ofResponse says whether the text has a value only once there is a response.
func (t parsedText) ofResponse() bool {
	return slices.ContainsFunc(t, func(p textPart) bool { return p.kind.isResponse() })
}
