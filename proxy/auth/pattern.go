// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// Pattern is a text with variables in it, which have nginx's names and say what nginx's say.
type Pattern struct {
	parts []part
}

// part is a piece of a pattern: a literal, or a variable.
type part struct {
	kind    variable
	literal string
	// name is that of a field, a cookie or a parameter, in lower case.
	name string
}

// variable is where the value of a variable comes from.
type variable uint8

const (
	literal variable = iota
	host
	authority
	target
	escapedTarget
	path
	query
	scheme
	method
	address
	field
	cookie
	argument
	user
)

// plainVariables are the variables that need no prefix.
var plainVariables = map[string]part{
	"host":                {kind: host},
	"http_host":           {kind: authority},
	"best_http_host":      {kind: authority},
	"request_uri":         {kind: target},
	"escaped_request_uri": {kind: escapedTarget},
	"uri":                 {kind: path},
	"document_uri":        {kind: path},
	"args":                {kind: query},
	"query_string":        {kind: query},
	"scheme":              {kind: scheme},
	"pass_access_scheme":  {kind: scheme},
	"request_method":      {kind: method},
	"remote_addr":         {kind: address},
	"the_real_ip":         {kind: address},
	"remote_user":         {kind: user},
	"req_id":              {kind: field, name: "x-request-id"},
	"request_id":          {kind: field, name: "x-request-id"},
}

var errBracket = errors.New("a ${ has no } behind the name of the variable")

// ReadPattern reads a pattern. The error says what is wrong with it.
func ReadPattern(text string) (Pattern, error) {
	var p Pattern
	for text != "" {
		before, after, found := strings.Cut(text, "$")
		if before != "" {
			p.parts = append(p.parts, part{literal: before})
		}
		if !found {
			break
		}
		after, bracket := strings.CutPrefix(after, "{")
		n := 0
		for n < len(after) && isNameByte(after[n]) {
			n++
		}
		read, ok := readVariable(after[:n])
		if !ok {
			return p, fmt.Errorf("there is no variable $%s", after[:n])
		}
		p.parts = append(p.parts, read)
		text = after[n:]
		if bracket {
			if text, ok = strings.CutPrefix(text, "}"); !ok {
				return p, errBracket
			}
		}
	}
	return p, nil
}

// Literal returns the pattern that has no variables.
func Literal(text string) Pattern { return Pattern{parts: []part{{literal: text}}} }

func isNameByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_'
}

func readVariable(name string) (part, bool) {
	if known, ok := plainVariables[name]; ok {
		return known, true
	}
	for _, prefixed := range [...]struct {
		prefix string
		kind   variable
	}{{"http_", field}, {"cookie_", cookie}, {"arg_", argument}} {
		rest, ok := strings.CutPrefix(name, prefixed.prefix)
		if !ok || rest == "" {
			continue
		}
		if rest = message.LowerName(rest); prefixed.kind == field {
			rest = strings.ReplaceAll(rest, "_", "-")
		}
		return part{kind: prefixed.kind, name: rest}, true
	}
	return part{}, false
}

// IsEmpty says whether there is nothing in the pattern.
func (p *Pattern) IsEmpty() bool { return len(p.parts) == 0 }

// NamesHost says whether the pattern has the host of the request in it.
func (p *Pattern) NamesHost() bool {
	for i := range p.parts {
		if k := p.parts[i].kind; k == host || k == authority {
			return true
		}
	}
	return false
}

// NamesPath says whether the pattern has the path of the request in it.
func (p *Pattern) NamesPath() bool {
	for i := range p.parts {
		switch p.parts[i].kind {
		case target, escapedTarget, path:
			return true
		}
	}
	return false
}

// Names says whether the pattern has a value of a field of a name, which is in lower case. Of Cookie, one cookie is
// enough.
func (p *Pattern) Names(name string) bool {
	for i := range p.parts {
		switch part := &p.parts[i]; part.kind {
		case field:
			if part.name == name {
				return true
			}
		case cookie:
			if name == "cookie" {
				return true
			}
		}
	}
	return false
}

// Append appends what the pattern says of a request.
func (p *Pattern) Append(to []byte, v *step.View) []byte {
	for i := range p.parts {
		to = p.parts[i].append(to, v)
	}
	return to
}

// AppendTarget appends what the pattern says of a request as a target. What the client makes up in fields and
// parameters is escaped: it cannot end the value that it is a part of.
func (p *Pattern) AppendTarget(to []byte, v *step.View) []byte {
	for i := range p.parts {
		to = p.parts[i].appendEscaped(to, v)
	}
	return to
}

// AppendURL appends what the pattern says of a request as a URL that the client is sent to. There the path and the
// query of the request are escaped too behind the question mark of the pattern. If that is still to come, the query is
// left out before it.
func (p *Pattern) AppendURL(to []byte, v *step.View) []byte {
	inQuery := false
	for i := range p.parts {
		part := &p.parts[i]
		switch {
		case part.kind == literal:
			inQuery = inQuery || strings.Contains(part.literal, "?")
			to = append(to, part.literal...)
		case inQuery && part.kind == target:
			to = AppendEscaped(AppendEscaped(to, v.Path), v.Request.Query)
		case inQuery && part.kind == path:
			to = AppendEscaped(to, v.Path)
		case part.kind == query:
			begin := len(to)
			to = escapeFrom(part.append(to, v), begin, AppendEscaped)
		case part.kind == target && p.hasQuestionMark():
			to = append(to, v.Path...)
		default:
			to = part.appendEscaped(to, v)
		}
	}
	return to
}

// hasQuestionMark says whether a literal of the pattern begins a query.
func (p *Pattern) hasQuestionMark() bool {
	return slices.ContainsFunc(p.parts, func(part part) bool { return strings.Contains(part.literal, "?") })
}

// appendEscaped appends a part so that what the client makes up in it is escaped.
func (p *part) appendEscaped(to []byte, v *step.View) []byte {
	begin := len(to)
	to = p.append(to, v)
	switch p.kind {
	case field, cookie, user, method:
		return escapeFrom(to, begin, AppendEscaped)
	case argument:
		return escapeFrom(to, begin, appendReescaped)
	}
	return to
}

// escapeFrom escapes the end of a text in its place.
func escapeFrom(to []byte, begin int, escape func(to, text []byte) []byte) []byte {
	end := len(to)
	to = escape(to, to[begin:end])
	n := copy(to[begin:], to[end:])
	return to[:begin+n]
}

// appendReescaped appends a value of a query as [AppendEscaped] does, but for what is escaped in it already.
func appendReescaped(to, text []byte) []byte {
	for len(text) > 0 {
		switch {
		case text[0] == '+':
			to, text = append(to, '+'), text[1:]
		case len(text) > 2 && text[0] == '%' && isHex(text[1]) && isHex(text[2]):
			to, text = append(to, text[:3]...), text[3:]
		default:
			to, text = AppendEscaped(to, text[:1]), text[1:]
		}
	}
	return to
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

// appendUser appends the name of the user, as somebody has found it out or as Basic credentials have it.
func appendUser(to []byte, v *step.View) []byte {
	if v.User != "" {
		return append(to, v.User...)
	}
	credentials, ok := credentialsOf(v.Request.Fields, "basic")
	if !ok {
		return to
	}
	begin := len(to)
	to, err := base64.StdEncoding.AppendDecode(to, credentials)
	if n := bytes.IndexByte(to[begin:], ':'); err == nil && n >= 0 && message.IsValue(to[begin:begin+n]) {
		return to[:begin+n]
	}
	return to[:begin]
}

func (p *part) append(to []byte, v *step.View) []byte {
	switch p.kind {
	case literal:
		return append(to, p.literal...)
	case host:
		return append(to, v.Host...)
	case authority:
		return message.AppendPort(append(to, v.Host...), v.Scheme(), message.ForwardedPort(v.Request.Fields))
	case target:
		return append(append(to, v.Path...), v.Request.Query...)
	case escapedTarget:
		return AppendEscaped(AppendEscaped(to, v.Path), v.Request.Query)
	case path:
		return append(to, v.Path...)
	case query:
		return append(to, v.Request.Query[min(1, len(v.Request.Query)):]...) // without the question mark
	case scheme:
		return append(to, v.Scheme()...)
	case method:
		return append(to, v.Request.Method...)
	case address:
		return v.Client.AppendTo(to)
	case argument:
		return append(to, argumentOf(v.Request.Query, p.name)...)
	case user:
		return appendUser(to, v)
	case cookie:
		cookies := cookiesOf(v.Request.Fields, p.name)
		value, _ := cookies.next()
		return append(to, value...)
	case field:
		first := true
		for i := range v.Request.Fields {
			if f := &v.Request.Fields[i]; f.Kind.EndToEnd() && message.EqualFold(f.Name, p.name) {
				if !first {
					to = append(to, ", "...)
				}
				to, first = append(to, f.Value...), false
			}
		}
	}
	return to
}

// AppendKey appends what tells the requests that the pattern says the same of from all others: no value can be taken
// for a part of another. identifies says whether any field or cookie has a value. Of several with one name, all count.
func (p *Pattern) AppendKey(to []byte, v *step.View) (key []byte, identifies bool) {
	for i := range p.parts {
		switch part := &p.parts[i]; part.kind {
		case literal:
		case field:
			var has bool
			to, has = AppendFieldKey(to, v.Request.Fields, part.name)
			identifies = identifies || has
		case cookie:
			cookies := cookiesOf(v.Request.Fields, part.name)
			for value, ok := cookies.next(); ok; value, ok = cookies.next() {
				to = AppendKeyPart(append(to, 1), value)
				identifies = identifies || len(value) > 0
			}
			to = append(to, 0)
		default:
			begin := len(to)
			to = part.append(append(to, 0, 0, 0, 0), v)
			count(to, begin)
		}
	}
	return to, identifies
}

// AppendFieldKey appends the values of all fields of a name as [Pattern.AppendKey] does. The name is in lower case.
func AppendFieldKey(to []byte, fields []message.Field, name string) (key []byte, has bool) {
	for i := range fields {
		if f := &fields[i]; f.Kind.EndToEnd() && message.EqualFold(f.Name, name) {
			to = AppendKeyPart(append(to, 1), f.Value)
			has = has || len(f.Value) > 0
		}
	}
	return append(to, 0), has
}

// AppendKeyPart appends a value as [Pattern.AppendKey] does.
func AppendKeyPart(to, value []byte) []byte {
	begin := len(to)
	to = append(append(to, 0, 0, 0, 0), value...)
	count(to, begin)
	return to
}

// count puts the length of what follows in the four bytes that are there for it.
func count(to []byte, begin int) {
	binary.BigEndian.PutUint32(to[begin:], uint32(len(to)-begin-4))
}

// AppendEscaped appends a text as a value in a query, in which nothing but that means anything.
func AppendEscaped(to, text []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range text {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
			to = append(to, c)
		default:
			to = append(to, '%', digits[c>>4], digits[c&15])
		}
	}
	return to
}

// argumentOf returns the value of a parameter of a query, which begins with a question mark.
func argumentOf(query []byte, name string) []byte {
	rest := query[min(1, len(query)):]
	for len(rest) > 0 {
		var pair []byte
		pair, rest, _ = bytes.Cut(rest, ampersand)
		if key, value, ok := bytes.Cut(pair, equals); ok && message.EqualFold(key, name) {
			return value
		}
	}
	return nil
}

var ampersand, equals = []byte("&"), []byte("=")

// cookies are the cookies of a request that have one name.
type cookies struct {
	fields []message.Field
	name   string
	// rest is what is left of the field that is read.
	rest []byte
}

// cookiesOf returns the cookies of a name. Case does not matter, as in nginx.
func cookiesOf(fields []message.Field, name string) cookies {
	return cookies{fields: fields, name: name}
}

// next returns the value of the next cookie. ok is false if there is none.
func (c *cookies) next() (value []byte, ok bool) {
	for {
		for len(c.rest) > 0 {
			pair := c.rest
			if end := bytes.IndexByte(pair, ';'); end >= 0 {
				pair, c.rest = pair[:end], pair[end+1:]
			} else {
				c.rest = nil
			}
			at := bytes.IndexByte(pair, '=')
			if at >= len(c.name) && message.EqualFold(message.TrimSpace(pair[:at]), c.name) {
				return message.TrimSpace(pair[at+1:]), true
			}
		}
		if len(c.fields) == 0 {
			return nil, false
		}
		f := &c.fields[0]
		if c.fields = c.fields[1:]; f.Kind.EndToEnd() && message.EqualFold(f.Name, "cookie") {
			c.rest = f.Value
		}
	}
}
