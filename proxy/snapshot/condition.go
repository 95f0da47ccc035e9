// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Conditions are what a route asks of a request besides its host and path. A request has to meet all of them. They are
// immutable. There is at least one: a route without conditions has nil instead.
type Conditions struct {
	// Methods are the methods that a request may have, sorted. Each occurs once. Empty means every method.
	Methods []string
	// Headers are conditions on header fields, sorted by Name. Each Name is in lower case and occurs once. If a field
	// occurs several times in a request, its values are joined and count as one (RFC 9110, section 5.3).
	Headers []Condition
	// Cookies are conditions on cookies, sorted by Name. Each Name is in lower case and occurs once, and is compared in
	// any case. If a cookie occurs several times in a request, the first one counts.
	Cookies []Condition
	// Query has conditions on parameters of the query, sorted by Name. Each Name occurs once. Names and values are
	// compared with the decoded query. If a parameter occurs several times in a request, the first one counts.
	Query []Condition
}

// Condition asks for a header field, a cookie or a parameter of the query that has a certain name and a certain value.
type Condition struct {
	// Name is not empty.
	Name string
	// Value is what the request's value is compared with.
	Value string
	Match ValueMatch
}

// ValueMatch says how a condition's value is compared with a request's.
type ValueMatch uint8

const (
	// ValueExact compares the whole value, byte by byte.
	ValueExact ValueMatch = iota
	// ValueRegularExpression takes Value as a regular expression (RE2). It has to match the whole value. Case matters
	// unless the expression says otherwise.
	ValueRegularExpression
)

func (m ValueMatch) String() string {
	if m == ValueRegularExpression {
		return "RegularExpression"
	}
	return "Exact"
}

// Equal says whether two sets of conditions ask for the same. Nil asks for nothing.
func (c *Conditions) Equal(o *Conditions) bool { return c == o || c != nil && o != nil && c.asksFor(o) }

// asksFor says whether two sets of conditions are the same. Neither may be nil. It is apart from Equal, so that Equal
// is inlined: comparing two routes without conditions calls nothing then.
func (c *Conditions) asksFor(o *Conditions) bool {
	return slices.Equal(c.Methods, o.Methods) && slices.Equal(c.Headers, o.Headers) && slices.Equal(c.Cookies, o.Cookies) && slices.Equal(c.Query, o.Query)
}

// Precedence orders the routes of one place by their conditions. It is negative if c comes before o, and positive if c
// comes after o. A route that names methods comes before one that names none. Next, a route with more header fields
// comes first, then one with more cookies, and then one with more parameters. Routes without conditions come last.
//
// Precedence is 0 if something else has to decide, such as the age of the routes. That does not mean that the
// conditions are equal.
func (c *Conditions) Precedence(o *Conditions) int {
	if c == o {
		return 0
	}
	var none Conditions
	c, o = cmp.Or(c, &none), cmp.Or(o, &none)
	return cmp.Or(
		cmp.Compare(min(1, len(o.Methods)), min(1, len(c.Methods))),
		cmp.Compare(len(o.Headers), len(c.Headers)),
		cmp.Compare(len(o.Cookies), len(c.Cookies)),
		cmp.Compare(len(o.Query), len(c.Query)),
	)
}

// String says in words what a request has to have, such as `method GET or PUT; header x-a is "1"`. If two Conditions
// have the same text, they are equal. The text is empty for nil.
func (c *Conditions) String() string {
	if c == nil {
		return ""
	}
	var parts []string
	if len(c.Methods) > 0 {
		names := make([]string, len(c.Methods))
		for i, m := range c.Methods {
			names[i] = word(m)
		}
		parts = append(parts, "method "+strings.Join(names, " or "))
	}
	for i := range c.Headers {
		parts = append(parts, "header "+c.Headers[i].String())
	}
	for i := range c.Cookies {
		parts = append(parts, "cookie "+c.Cookies[i].String())
	}
	for i := range c.Query {
		parts = append(parts, "query parameter "+c.Query[i].String())
	}
	return strings.Join(parts, "; ")
}

// String says in words what the condition asks for, such as `x-a is "1"` or `x-a matches "[0-9]+"`.
func (c Condition) String() string {
	if c.Match == ValueRegularExpression {
		return word(c.Name) + " matches " + strconv.Quote(c.Value)
	}
	return word(c.Name) + " is " + strconv.Quote(c.Value)
}

// word returns a name for a text. It quotes the name if the text could be misread otherwise.
func word(name string) string {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || c == '"' || c == ';' {
			return strconv.Quote(name)
		}
	}
	if name == "" {
		return `""`
	}
	return name
}

// WholeExpression compiles a text as a regular expression that matches only whole values. It fails if the text is no
// regular expression.
func WholeExpression(text string) (*regexp.Regexp, error) {
	// It has to compile alone first: a surplus parenthesis could end the group that anchors it.
	if _, err := regexp.Compile(text); err != nil {
		return nil, err
	}
	return regexp.Compile(`\A(?:` + text + `)\z`)
}

// inspect returns what is wrong with the conditions of a route, or nil.
func (c *Conditions) inspect() error {
	if len(c.Methods)+len(c.Headers)+len(c.Cookies)+len(c.Query) == 0 {
		return errors.New("conditions that ask for nothing are no conditions: they have to be nil")
	}
	for i, m := range c.Methods {
		if m == "" {
			return errors.New("a method has no name")
		}
		if i > 0 {
			if err := inOrder("method", c.Methods[i-1], m); err != nil {
				return err
			}
		}
	}
	return cmp.Or(
		inspectLower("header", c.Headers), inspectLower("cookie", c.Cookies),
		inspectConditions("header", c.Headers), inspectConditions("cookie", c.Cookies), inspectConditions("query parameter", c.Query),
	)
}

func inspectLower(what string, list []Condition) error {
	for i := range list {
		if name := list[i].Name; strings.ContainsFunc(name, func(r rune) bool { return 'A' <= r && r <= 'Z' }) {
			return fmt.Errorf("%s %q is not in lower case", what, name)
		}
	}
	return nil
}

func inspectConditions(what string, list []Condition) error {
	for i := range list {
		c := &list[i]
		if c.Name == "" {
			return fmt.Errorf("a %s has no name", what)
		}
		if i > 0 {
			if err := inOrder(what, list[i-1].Name, c.Name); err != nil {
				return err
			}
		}
		switch c.Match {
		case ValueExact, ValueRegularExpression:
		default:
			return fmt.Errorf("%s %q is compared in no way that there is", what, c.Name)
		}
	}
	return nil
}
