// SPDX-License-Identifier: Apache-2.0

package snippet

import (
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/script"
)

// AskedFields returns the fields that an auth-snippet gives the question to a service, in their order. They may have
// variables. An empty value takes a field off.
func AskedFields(text string) (list []policy.Header, faults []Fault) {
	parsed, fault := parse(Asked, text)
	if fault != nil {
		return nil, []Fault{*fault}
	}
	c := &compiler{result: &Result{}, kind: Asked}
	for i := range parsed {
		d := &parsed[i]
		e, known := table[d.name]
		switch {
		case d.name == "proxy_set_header" && len(d.args) == 2 && !d.hasBlock:
			list = c.ask(list, d, d.args[0], d.args[1])
		case d.name == "more_set_input_headers" && !d.hasBlock:
			for _, arg := range d.args {
				if strings.HasPrefix(arg, "-") {
					c.fail(d, "has the option "+strconv.Quote(arg)+", which is not known here")
					continue
				}
				if f, ok := c.moreField(d, arg, false); ok {
					list = c.ask(list, d, f.Name, valueOf(&f))
				}
			}
		case known && e.nothing != "" && !d.hasBlock:
		default:
			c.fail(d, "is not kept: a question to a service has fields set by proxy_set_header, and nothing else")
		}
	}
	return list, c.faults
}

// valueOf returns the value that a field gets, which is empty if it is taken off.
func valueOf(f *script.Field) string {
	if f.Op == script.FieldClear {
		return ""
	}
	return f.Value
}

// ask adds a field to those of a question.
func (c *compiler) ask(list []policy.Header, d *directive, name, value string) []policy.Header {
	switch lower := strings.ToLower(name); {
	case lower == "host":
		c.fail(d, "changes Host: write the host into auth-url")
	case lower == "content-length" && value == "", lower == "connection" || lower == "upgrade": // as it is anyway
	case !isToken(name):
		c.fail(d, "has "+strconv.Quote(name)+", which is no name of a field")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		c.fail(d, "has a value with a line break or another control character")
	default:
		return append(list, policy.Header{Name: name, Value: value})
	}
	return list
}
