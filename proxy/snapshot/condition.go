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

// Conditions are what a route asks of a request beyond its host and path. A request has to meet all of them. They are
// immutable, and there is at least one: a route without conditions has nil in their place.
type Conditions struct {
	// Methods are those that a request may have, sorted, each once. Empty for every method.
	Methods []string
	// Headers ask for header fields. They are sorted by Name, and a name occurs once. The names are in lower case. A
	// field that occurs several times in a request counts as one, with the values joined (RFC 9110, section 5.3).
	Headers []Condition
	// Query asks for parameters of the query, decoded. They are sorted by Name, and a name occurs once. Of a parameter
	// that occurs several times in a request, the first counts.
	Query []Condition
}

// Condition asks that a request has a header field or a parameter of a name, with a certain value.
type Condition struct {
	// Name is not empty.
	Name string
	// Value is what the value is compared with.
	Value string
	Match ValueMatch
}

// ValueMatch says how a condition's value is compared with a request's.
type ValueMatch uint8

const (
	// ValueExact compares the whole value, byte by byte.
	ValueExact ValueMatch = iota
	// ValueRegularExpression is a regular expression (RE2) that the whole value has to match, in its case.
	ValueRegularExpression
)

func (m ValueMatch) String() string {
	if m == ValueRegularExpression {
		return "RegularExpression"
	}
	return "Exact"
}

// Equal says whether two routes ask for the same. Nil asks for nothing.
func (c *Conditions) Equal(o *Conditions) bool { return c == o || c != nil && o != nil && c.asksFor(o) }

// asksFor says whether two sets of conditions, none of them nil, are the same. It is apart from Equal so that comparing
// two routes without conditions calls nothing.
func (c *Conditions) asksFor(o *Conditions) bool {
	return slices.Equal(c.Methods, o.Methods) && slices.Equal(c.Headers, o.Headers) && slices.Equal(c.Query, o.Query)
}

// Precedence orders the routes of one place by their conditions. A route that names methods comes before one that does
// not, then one with more header fields, then one with more parameters. Routes without conditions come last. Zero says
// that something else decides, such as their age; it does not say that the conditions are equal.
func (c *Conditions) Precedence(o *Conditions) int {
	if c == o {
		return 0
	}
	var none Conditions
	c, o = cmp.Or(c, &none), cmp.Or(o, &none)
	return cmp.Or(
		cmp.Compare(min(1, len(o.Methods)), min(1, len(c.Methods))),
		cmp.Compare(len(o.Headers), len(c.Headers)),
		cmp.Compare(len(o.Query), len(c.Query)),
	)
}

// String says in words what a request has to have. Two Conditions with the same text are equal. It is empty for nil.
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
	for i := range c.Query {
		parts = append(parts, "query parameter "+c.Query[i].String())
	}
	return strings.Join(parts, "; ")
}

// String says in words what is asked for.
func (c Condition) String() string {
	if c.Match == ValueRegularExpression {
		return word(c.Name) + " matches " + strconv.Quote(c.Value)
	}
	return word(c.Name) + " is " + strconv.Quote(c.Value)
}

// word quotes a name, unless no other text could be taken for it.
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

// Expression compiles the value of a regular expression, so that it matches only whole values.
func (c *Condition) Expression() (*regexp.Regexp, error) {
	// Alone first: a parenthesis too many could end the group that anchors it.
	if _, err := regexp.Compile(c.Value); err != nil {
		return nil, err
	}
	return regexp.Compile(`\A(?:` + c.Value + `)\z`)
}

// inspect says what is wrong with the conditions of a route.
func (c *Conditions) inspect() error {
	if len(c.Methods)+len(c.Headers)+len(c.Query) == 0 {
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
	for i := range c.Headers {
		if name := c.Headers[i].Name; strings.ContainsFunc(name, func(r rune) bool { return 'A' <= r && r <= 'Z' }) {
			return fmt.Errorf("header %q is not in lower case", name)
		}
	}
	return cmp.Or(inspectConditions("header", c.Headers), inspectConditions("query parameter", c.Query))
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
