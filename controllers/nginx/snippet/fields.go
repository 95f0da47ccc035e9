// SPDX-License-Identifier: Apache-2.0

package snippet

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/script"
)

// field checks a field, and returns false if it cannot be changed.
func (c *compiler) field(d *directive, name, value string) bool {
	switch {
	case !isToken(name):
		c.fail(d, "has "+strconv.Quote(name)+", which is no name of a field")
		return false
	case !message.KindOf([]byte(name)).EndToEnd():
		c.fail(d, "changes "+name+", which frames the message or is the connection's")
		return false
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		c.fail(d, "has a value with a line break or another control character")
		return false
	}
	return c.text(d, value)
}

// isToken says whether a text may be a field's name.
func isToken(name string) bool {
	if name == "" {
		return false
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return true
}

// singleFields are those of which add_header makes no second one.
var singleFields = []string{"last-modified", "etag"}

func (c *compiler) addHeader(in *scope, d *directive) {
	f := script.Field{Line: d.line, Name: d.args[0], Value: d.args[1], Op: script.FieldAppend, Statuses: script.AddedStatuses}
	if len(d.args) == 3 {
		if d.args[2] != "always" {
			c.fail(d, "has "+strconv.Quote(d.args[2])+" where always belongs")
			return
		}
		f.Statuses = nil
	}
	if slices.Contains(singleFields, strings.ToLower(f.Name)) {
		f.Op = script.FieldSet
	}
	if !c.field(d, f.Name, f.Value) {
		return
	}
	in.own.add = append(in.own.add, f)
	c.keep(d)
}

// moreHeaders compiles the four directives of headers-more.
func (c *compiler) moreHeaders(in *scope, d *directive) {
	input, clears := strings.Contains(d.name, "_input_"), strings.Contains(d.name, "_clear_")
	var list []script.Field
	var statuses []int
	var types []string
	replace := false
	for i := 0; i < len(d.args); i++ {
		arg := d.args[i]
		switch {
		case arg == "":
		case arg == "-t" && i+1 < len(d.args):
			i++
			types = append(types, strings.FieldsFunc(d.args[i], func(r rune) bool { return r == ' ' || r == '\t' || r == ';' })...)
		case arg == "-s" && i+1 < len(d.args) && !input:
			i++
			for word := range strings.FieldsSeq(d.args[i]) {
				status, err := strconv.Atoi(word)
				if err != nil || status < 0 {
					c.fail(d, "has "+strconv.Quote(word)+" where a status belongs")
					return
				}
				statuses = append(statuses, status)
			}
		case arg == "-r" && input:
			replace = true
		case arg[0] == '-':
			c.fail(d, "has the option "+strconv.Quote(arg)+", which is not known here")
			return
		default:
			f, ok := c.moreField(d, arg, clears)
			if !ok {
				return
			}
			list = append(list, f)
		}
	}
	for i := range list {
		list[i].Statuses, list[i].Types = statuses, types
		if replace && list[i].Op == script.FieldSet {
			list[i].Op = script.FieldReplace
		}
	}
	if input {
		in.own.input = append(in.own.input, list...)
	} else {
		in.own.more = append(in.own.more, list...)
	}
	c.keep(d)
}

// moreField reads a field as headers-more writes it.
func (c *compiler) moreField(d *directive, text string, clears bool) (f script.Field, ok bool) {
	name := strings.TrimLeft(text, " \t\r\n")
	value := ""
	if at := strings.IndexAny(name, ": \t\r\n"); at >= 0 {
		name, value = name[:at], strings.TrimLeft(name[at:], ": \t\r\n")
	}
	f = script.Field{Line: d.line, Name: name, Value: value}
	if clears || value == "" {
		f.Op, f.Value = script.FieldClear, ""
	}
	if prefix, wildcard := strings.CutSuffix(name, "*"); wildcard {
		if f.Op != script.FieldClear || prefix == "" {
			c.fail(d, "has a name with a star, which only takes fields away")
			return f, false
		}
		f.Op, f.Name = script.FieldClearPrefix, prefix
	}
	if strings.Contains(d.name, "_input_") && strings.EqualFold(f.Name, "host") {
		c.fail(d, "changes Host: write the annotation upstream-vhost")
		return f, false
	}
	return f, c.field(d, f.Name, f.Value)
}

// ownFields are those that the location of ingress-nginx sets, in lower case. A second proxy_set_header adds a second
// field.
var ownFields = []string{
	"x-request-id", "x-real-ip", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-forwarded-scheme",
	"x-scheme", "x-original-forwarded-for", "x-original-forwarded-host",
}

func (c *compiler) proxySetHeader(in *scope, d *directive) {
	name, value := d.args[0], d.args[1]
	lower := strings.ToLower(name)
	switch {
	case in.place == inServer:
		c.means(d, "did nothing: the location that ingress-nginx writes sets fields of its own, and inherits none")
		return
	case lower == "upgrade" || lower == "connection":
		c.means(d, "upgrades are passed on, and the connection to the backend is kept")
		return
	case lower == "host" && slices.Contains([]string{"$host", "$http_host", "$best_http_host"}, value):
		c.means(d, "the backend gets the client's Host")
		return
	case lower == "host":
		c.fail(d, "changes Host: write the annotation upstream-vhost")
		return
	case lower == "proxy" && value == "":
		c.means(d, "the field Proxy is taken off")
		return
	case c.answered[value] != "":
		c.given(d, name, c.answered[value])
		return
	case !c.field(d, name, value):
		return
	}
	f := script.Field{Line: d.line, Name: name, Value: value}
	if slices.Contains(ownFields, lower) {
		f.Op = script.FieldAppend
	}
	in.own.proxy = append(in.own.proxy, f)
	c.keep(d)
}

// given has the backend get a field of the answer of the service that is asked.
func (c *compiler) given(d *directive, name, from string) {
	switch {
	case slices.Contains(ownFields, strings.ToLower(name)):
		c.fail(d, "has a field that backends are told by the controller alone: write another name")
	case c.field(d, name, "") && c.field(d, from, ""):
		c.result.Given = append(c.result.Given, policy.Header{Name: name, Value: from})
		c.keep(d)
	}
}

// authRequestSet compiles a variable that has a field of that answer. It can only stand for a whole field.
func (c *compiler) authRequestSet(_ *scope, d *directive) {
	if c.answered[d.args[0]] == "" || !strings.HasPrefix(d.args[0], "$") || c.variables[d.args[0][1:]] {
		c.fail(d, "has something else than a new variable and a field of the answer: write auth_request_set $name $upstream_http_...")
		return
	}
	c.keep(d)
}

func (c *compiler) proxyHideHeader(in *scope, d *directive) {
	name := strings.ToLower(d.args[0])
	if !c.field(d, name, "") {
		return
	}
	in.own.hide = append(in.own.hide, name)
	c.keep(d)
}

func (c *compiler) expires(in *scope, d *directive) {
	var e script.Expires
	switch value := d.args[0]; {
	case len(d.args) == 2:
		c.fail(d, "counts from Last-Modified: write a time from now")
		return
	case value == "off":
	case value == "epoch":
		e.Op = script.ExpiresEpoch
	case value == "max":
		e.Op = script.ExpiresMax
	default:
		number, negative := strings.CutPrefix(value, "-")
		number = strings.TrimPrefix(number, "+")
		seconds, ok := parseTime(number)
		if !ok || seconds%1000 != 0 {
			c.fail(d, "has "+strconv.Quote(value)+": write a time such as 30d, max, epoch or off")
			return
		}
		e.Op, e.Seconds = script.ExpiresIn, seconds/1000
		if negative {
			e.Seconds = -e.Seconds
		}
	}
	in.own.expires = &e
	c.keep(d)
}

func (c *compiler) defaultType(in *scope, d *directive) {
	if !c.field(d, "Content-Type", d.args[0]) {
		return
	}
	in.own.defaultType = d.args[0]
	c.keep(d)
}

// method compiles the method that a backend gets.
func (c *compiler) method(in *scope, d *directive) {
	switch name := d.args[0]; {
	case in.answers:
		c.means(d, "the location answers by itself")
		return
	case name == "HEAD" || name == "CONNECT" || name == "TRACE" || !isMethod.MatchString(name):
		c.fail(d, "has "+strconv.Quote(name)+": write a method such as GET or POST; responses to HEAD, TRACE and CONNECT have no content that a client asked for")
		return
	default:
		in.own.method = name
	}
	c.keep(d)
}

// isMethod matches a method.
var isMethod = regexp.MustCompile(`^[A-Z]{1,20}$`)

func (c *compiler) absoluteRedirect(in *scope, d *directive) {
	on := d.args[0] == "on"
	if !on && d.args[0] != "off" {
		c.fail(d, "has "+strconv.Quote(d.args[0])+" where on or off belongs")
		return
	}
	in.own.absolute = &on
	c.keep(d)
}
