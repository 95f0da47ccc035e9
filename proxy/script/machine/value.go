// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"bytes"
	"encoding/base64"
	"slices"

	"github.com/warren-dev/ingress/proxy/escape"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/script"
)

// value returns what a text says of a request. It is a view of the request, of the program or of the state's memory.
func (p *Program) value(v *View, text parsedText) []byte {
	switch len(text) {
	case 0:
		return nil
	case 1:
		if value, ok := v.State.view(v, &text[0]); ok {
			return value
		}
	}
	s := v.State
	begin := len(s.memory)
	s.append(v, text, false)
	return s.memory[begin:len(s.memory):len(s.memory)]
}

// append appends what a text says of a request to the memory. With escapes, what groups have is escaped as a part of a
// query, if the path that the client sent had escapes or a plus.
func (s *State) append(v *View, text parsedText, escapes bool) {
	for i := range text {
		part := &text[i]
		value, ok := s.view(v, part)
		if s.failed || len(s.memory)+len(value) > mostMemory {
			s.failed = true
			return
		}
		switch {
		case !ok:
			begin := len(s.memory)
			s.make(v, part)
			if part.Kind.IsKept() {
				s.kept[part.index] = keptValue{s.memory[begin:len(s.memory):len(s.memory)], true}
			}
		case escapes && part.Kind == script.VariableGroup && (bytes.IndexByte(s.path, '%') >= 0 || bytes.IndexByte(s.path, '+') >= 0):
			s.memory = escape.AppendArgument(s.memory, value)
		default:
			s.memory = append(s.memory, value...)
		}
		s.failed = len(s.memory) > mostMemory
	}
}

// view returns the value of a part that is there already.
func (s *State) view(v *View, part *textPart) (value []byte, ok bool) {
	if part.Kind.IsKept() {
		kept := &s.kept[part.index]
		if !kept.found {
			kept.value, kept.found = s.look(v, part)
		}
		return kept.value, kept.found
	}
	switch part.Kind {
	case script.VariableLiteral:
		return part.Literal, true
	case script.VariableSlot:
		return s.slots[part.index], true
	case script.VariableGroup:
		return s.group(part.index), true
	case script.VariableURI:
		return s.uri, true
	case script.VariableArgs:
		return s.args, true
	case script.VariableIsArgs:
		if len(s.args) > 0 {
			return questionMark, true
		}
		return nil, true
	case script.VariableHost:
		return v.Host, true
	case script.VariableHTTPHost:
		return v.Request.Authority, true
	case script.VariableScheme:
		if v.Secure {
			return schemeHTTPS, true
		}
		return schemeHTTP, true
	case script.VariableHTTPS:
		if v.Secure {
			return onValue, true
		}
		return nil, true
	case script.VariableMethod:
		return v.Request.Method, true
	case script.VariableProtocol:
		return protocols[v.Request.Version], true
	case script.VariablePort:
		return forwardedPortText(v), true
	case script.VariableConnectionUpgrade:
		if len(v.Request.Upgrade) > 0 {
			return upgradeValue, true
		}
		return nil, true
	case script.VariableArgument:
		if !s.spend(len(s.args)) {
			return nil, true
		}
		return argument(s.args, part.Name), true
	}
	return nil, false
}

// look returns the value of a part that is looked for once, unless it has to be made.
func (s *State) look(v *View, part *textPart) (value []byte, ok bool) {
	switch part.Kind {
	case script.VariableCookie:
		return s.cookie(v.Request.Fields, part.Name), true
	case script.VariableField:
		return s.field(v, part.Name)
	}
	return nil, false
}

var (
	schemeHTTP   = []byte("http")
	schemeHTTPS  = []byte("https")
	onValue      = []byte("on")
	upgradeValue = []byte("upgrade")
	protocols    = [...][]byte{message.HTTP10: []byte("HTTP/1.0"), message.HTTP11: []byte("HTTP/1.1"), message.HTTP2: []byte("HTTP/2.0")}
)

// make appends the value of a part that is not there yet.
func (s *State) make(v *View, part *textPart) {
	switch part.Kind {
	case script.VariableClient:
		s.memory = v.Client.AppendTo(s.memory)
	case script.VariableUser:
		s.appendUser(v)
	case script.VariableRequestURI:
		s.memory = append(append(s.memory, s.path...), s.query...)
	case script.VariableRequest:
		s.memory = append(append(s.memory, v.Request.Method...), ' ')
		s.memory = append(append(s.memory, s.path...), s.query...)
		s.memory = append(append(s.memory, ' '), protocols[v.Request.Version]...)
	case script.VariableField:
		separator := ", "
		if part.Name == "cookie" {
			separator = "; "
		}
		first := true
		for i := range v.Request.Fields {
			f := &v.Request.Fields[i]
			if f.Kind == message.Dropped || !message.EqualFold(f.Name, part.Name) {
				continue
			}
			if !first {
				s.memory = append(s.memory, separator...)
			}
			first = false
			s.memory = append(s.memory, f.Value...)
		}
	}
}

// appendUser appends the name in the field Authorization, if that is of the scheme Basic.
func (s *State) appendUser(v *View) {
	value, _ := first(v.Request.Fields, "authorization")
	if len(value) < len(basic) || !message.EqualFold(value[:len(basic)], basic) {
		return
	}
	text := message.TrimSpace(value[len(basic):])
	begin := len(s.memory)
	s.memory = slices.Grow(s.memory, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(s.memory[begin:cap(s.memory)], text)
	user, _, ok := bytes.Cut(s.memory[begin:begin+n], colon)
	if err == nil && ok {
		s.memory = s.memory[:begin+len(user)]
	}
}

// basic begins the credentials of that scheme, in lower case.
const basic = "basic "

var colon = []byte(":")

// field returns the value of a field of the request, if no two have that name.
func (s *State) field(v *View, name string) (value []byte, ok bool) {
	if name == "host" {
		return v.Request.Authority, true
	}
	for i := range v.Request.Fields {
		if f := &v.Request.Fields[i]; f.Kind != message.Dropped && message.EqualFold(f.Name, name) {
			if value != nil {
				return nil, false
			}
			if value = f.Value; value == nil {
				value = []byte{}
			}
		}
	}
	return value, true
}

// argument returns the value of a parameter of a query, as nginx finds it. The name is in lower case.
func argument(args []byte, name string) []byte {
	for len(args) > 0 {
		var pair []byte
		pair, args, _ = bytes.Cut(args, ampersand)
		if len(pair) > len(name) && pair[len(name)] == '=' && message.EqualFold(pair[:len(name)], name) {
			return pair[len(name)+1:]
		}
	}
	return nil
}

var ampersand = []byte("&")

// cookie returns the value of a cookie, as nginx finds it. The name is in lower case.
func (s *State) cookie(fields []message.Field, name string) []byte {
	for i := range fields {
		f := &fields[i]
		if f.Kind == message.Dropped || !message.EqualFold(f.Name, "cookie") {
			continue
		}
		rest := f.Value
		if !s.spend(len(rest)) {
			return nil
		}
		for len(rest) > 0 {
			if len(rest) > len(name) && message.EqualFold(rest[:len(name)], name) {
				if after := bytes.TrimLeft(rest[len(name):], " "); len(after) > 0 && after[0] == '=' {
					value, _, _ := bytes.Cut(bytes.TrimLeft(after[1:], " "), semicolon)
					return value
				}
			}
			i := bytes.IndexAny(rest, ";,")
			if i < 0 {
				break
			}
			rest = bytes.TrimLeft(rest[i+1:], " ")
		}
	}
	return nil
}

var semicolon = []byte(";")

// forwardedPortText returns the port that the client used, as the endpoint is told it.
func forwardedPortText(v *View) []byte {
	if value, ok := first(v.Request.Fields, "x-forwarded-port"); ok {
		return value
	}
	if v.Secure {
		return portHTTPS
	}
	return portHTTP
}

var portHTTP, portHTTPS = []byte("80"), []byte("443")
