// SPDX-License-Identifier: Apache-2.0

package condition

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/plain"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Conditions are the compiled conditions of a route. They read a request as it is, and allocate nothing.
type Conditions struct {
	// of is what they were compiled from.
	of                      *snapshot.Conditions
	headers, cookies, query []condition
}

// condition asks for a value of a header field or of a parameter.
type condition struct {
	name, value string
	// expression has to match the whole value of the request. If it is nil, the value of the request has to be equal to
	// value. size is that of its program.
	expression *regexp.Regexp
	size       int
}

// Compiler compiles a regular expression that matches only whole values. size is how many instructions its program has.
type Compiler func(text string) (whole *regexp.Regexp, size int, err error)

// Compile returns nil for nil. It fails if compile does.
func Compile(c *snapshot.Conditions, compile Compiler) (*Conditions, error) {
	if c == nil {
		return nil, nil
	}
	headers, err := compileList("header", c.Headers, compile)
	if err != nil {
		return nil, err
	}
	cookies, err := compileList("cookie", c.Cookies, compile)
	if err != nil {
		return nil, err
	}
	query, err := compileList("query parameter", c.Query, compile)
	if err != nil {
		return nil, err
	}
	return &Conditions{of: c, headers: headers, cookies: cookies, query: query}, nil
}

func compileList(what string, list []snapshot.Condition, compile Compiler) ([]condition, error) {
	compiled := make([]condition, len(list))
	for i := range list {
		c := &list[i]
		compiled[i] = condition{name: c.Name, value: c.Value}
		if c.Match == snapshot.ValueRegularExpression {
			var err error
			if compiled[i].expression, compiled[i].size, err = compile(c.Value); err != nil {
				return nil, fmt.Errorf("%s %s: %w", what, c, err)
			}
		}
	}
	return compiled, nil
}

// Whole is a Compiler that shares nothing.
func Whole(text string) (whole *regexp.Regexp, size int, err error) {
	if whole, err = snapshot.WholeExpression(text); err != nil {
		return nil, 0, err
	}
	begins := plain.BeginningOf(whole.String())
	return whole, begins.Size, nil
}

// Source returns what the conditions were compiled from, nil for nil.
func (c *Conditions) Source() *snapshot.Conditions {
	if c == nil {
		return nil
	}
	return c.of
}

// Expressions returns the regular expressions of the conditions.
func (c *Conditions) Expressions() (list []*regexp.Regexp) {
	if c == nil {
		return nil
	}
	for _, of := range [...][]condition{c.headers, c.cookies, c.query} {
		for i := range of {
			if of[i].expression != nil {
				list = append(list, of[i].expression)
			}
		}
	}
	return list
}

// Hold says whether a request meets all conditions. Every request meets nil conditions. Hold adds to spent what it
// takes. If that is over its bound then, what Hold says means nothing.
func (c *Conditions) Hold(req *message.Request, spent *plain.Effort) bool {
	return c == nil || c.meetsMethod(req.Method) && c.unmetHeader(req.Fields, spent) < 0 && c.unmetCookie(req.Fields, spent) < 0 &&
		c.unmetParameter(req.Query, spent) < 0
}

// Unmet says in words which conditions a request does not meet, each in a text. If an expression does not compile, it
// returns the error's text. It compiles the conditions first, so it is only for explanations.
func Unmet(of *snapshot.Conditions, req *message.Request) (unmet []string) {
	c, err := Compile(of, Whole)
	switch {
	case err != nil:
		return []string{err.Error()}
	case c == nil:
		return nil
	case !c.meetsMethod(req.Method):
		unmet = append(unmet, (&snapshot.Conditions{Methods: of.Methods}).String())
	}
	for i := range c.headers {
		if !c.headers[i].inFields(req.Fields, nil) {
			unmet = append(unmet, (&snapshot.Conditions{Headers: of.Headers[i : i+1]}).String())
		}
	}
	for i := range c.cookies {
		if !c.cookies[i].inCookies(req.Fields, nil) {
			unmet = append(unmet, (&snapshot.Conditions{Cookies: of.Cookies[i : i+1]}).String())
		}
	}
	for i := range c.query {
		if !c.query[i].inQuery(req.Query, nil) {
			unmet = append(unmet, (&snapshot.Conditions{Query: of.Query[i : i+1]}).String())
		}
	}
	return unmet
}

// Preferred says, by their conditions, why one of two rules for the same place won, although the request meets those of
// both.
func Preferred(won, lost *snapshot.Conditions) string {
	if lost == nil {
		return "a rule for the same path that asks for more goes before"
	}
	switch {
	case won.Precedence(lost) == 0:
		return "a rule for the same path that asks for as much is older, or earlier in its object"
	case len(won.Methods) > 0 && len(lost.Methods) == 0:
		return "a rule for the same path that names the method goes before one that does not"
	case len(won.Headers) > len(lost.Headers):
		return "a rule for the same path that asks for more headers goes before"
	case len(won.Cookies) > len(lost.Cookies):
		return "a rule for the same path that asks for more cookies goes before"
	}
	return "a rule for the same path that asks for more query parameters goes before"
}

func (c *Conditions) meetsMethod(method []byte) bool {
	if len(c.of.Methods) == 0 {
		return true
	}
	for _, m := range c.of.Methods {
		if string(method) == m {
			return true
		}
	}
	return false
}

// unmetHeader returns the index of the first condition that the fields do not meet, or -1.
func (c *Conditions) unmetHeader(fields []message.Field, spent *plain.Effort) int {
	for i := range c.headers {
		if !c.headers[i].inFields(fields, spent) {
			return i
		}
	}
	return -1
}

// unmetCookie returns the index of the first condition that the cookies do not meet, or -1.
func (c *Conditions) unmetCookie(fields []message.Field, spent *plain.Effort) int {
	for i := range c.cookies {
		if !c.cookies[i].inCookies(fields, spent) {
			return i
		}
	}
	return -1
}

// unmetParameter returns the index of the first condition that the query does not meet, or -1.
func (c *Conditions) unmetParameter(query []byte, spent *plain.Effort) int {
	for i := range c.query {
		if !c.query[i].inQuery(query, spent) {
			return i
		}
	}
	return -1
}

// names says whether a field has the name that the condition asks for. A field that was taken out of the message does
// not count.
func (c *condition) names(f *message.Field) bool {
	return f.Kind != message.Dropped && message.EqualFold(f.Name, c.name)
}

// inFields says whether the fields meet the condition.
func (c *condition) inFields(fields []message.Field, spent *plain.Effort) bool {
	first := -1
	for i := range fields {
		if !c.names(&fields[i]) {
			continue
		}
		if first >= 0 {
			return c.inJoined(fields[first:], spent)
		}
		first = i
	}
	return first >= 0 && c.takes(fields[first].Value, spent)
}

// inJoined says whether a field that occurs several times meets the condition. fields begins with the first of them.
func (c *condition) inJoined(fields []message.Field, spent *plain.Effort) bool {
	separator := ", "
	if c.name == "cookie" {
		separator = "; " // RFC 9113, section 8.2.3
	}
	lent := joins.Get().(*[]byte)
	joined := (*lent)[:0]
	for i := range fields {
		if f := &fields[i]; c.names(f) {
			if i > 0 {
				joined = append(joined, separator...)
			}
			joined = append(joined, f.Value...)
		}
	}
	taken := c.takes(joined, spent)
	*lent = joined
	joins.Put(lent)
	return taken
}

// joins lends memory for values that have to be joined or decoded before they are compared. Few requests have such
// values. A value is no longer than a head may be.
var joins = sync.Pool{New: func() any { return new([]byte) }}

// takes says whether a value is one that the condition asks for.
func (c *condition) takes(value []byte, spent *plain.Effort) bool {
	if c.expression != nil {
		return spent.Add(c.size, value) && c.expression.Match(value)
	}
	return string(value) == c.value
}

// inCookies says whether the first cookie of the name that the condition asks for meets it.
func (c *condition) inCookies(fields []message.Field, spent *plain.Effort) bool {
	for i := range fields {
		f := &fields[i]
		if f.Kind == message.Dropped || !message.EqualFold(f.Name, "cookie") {
			continue
		}
		for rest, more := f.Value, true; more; {
			var pair []byte
			pair, rest, more = bytes.Cut(rest, semicolon)
			name, value, ok := bytes.Cut(pair, equalsSign)
			if ok && message.EqualFold(message.TrimSpace(name), c.name) {
				return c.takes(message.TrimSpace(value), spent)
			}
		}
	}
	return false
}

// inQuery says whether a query, with its question mark, meets the condition. It reads the query as a form (URL
// Standard, section 5.1), because most servers do.
func (c *condition) inQuery(query []byte, spent *plain.Effort) bool {
	if len(query) == 0 {
		return false
	}
	for rest, more := query[1:], true; more; {
		var parameter []byte
		parameter, rest, more = bytes.Cut(rest, ampersand)
		name, value, _ := bytes.Cut(parameter, equalsSign)
		if len(parameter) == 0 || !decodesTo(name, c.name) {
			continue
		}
		switch {
		case c.expression == nil:
			return decodesTo(value, c.value)
		case !slices.ContainsFunc(value, func(b byte) bool { return b == '%' || b == '+' }):
			return c.takes(value, spent)
		}
		lent := joins.Get().(*[]byte)
		decoded := (*lent)[:0]
		for len(value) > 0 {
			var b byte
			b, value = nextByte(value)
			decoded = append(decoded, b)
		}
		taken := c.takes(decoded, spent)
		*lent = decoded
		joins.Put(lent)
		return taken
	}
	return false
}

var (
	ampersand  = []byte("&")
	semicolon  = []byte(";")
	equalsSign = []byte("=")
)

// decodesTo says whether a part of a query decodes to a text.
func decodesTo(part []byte, text string) bool {
	if len(part) < len(text) {
		return false
	}
	for i := range len(text) {
		if len(part) == 0 {
			return false
		}
		var b byte
		if b, part = nextByte(part); b != text[i] {
			return false
		}
	}
	return len(part) == 0
}

// nextByte decodes the first byte of a part of a query. A percent sign without two digits stands for itself.
func nextByte(part []byte) (b byte, rest []byte) {
	switch b = part[0]; {
	case b == '+':
		return ' ', part[1:]
	case b == '%' && len(part) > 2:
		high, ok := unhex(part[1])
		low, ok2 := unhex(part[2])
		if ok && ok2 {
			return high<<4 | low, part[3:]
		}
	}
	return b, part[1:]
}

func unhex(c byte) (digit byte, ok bool) {
	if '0' <= c && c <= '9' {
		return c - '0', true
	}
	c |= 0x20 // lower case, if it is a letter
	return c - 'a' + 10, 'a' <= c && c <= 'f'
}
