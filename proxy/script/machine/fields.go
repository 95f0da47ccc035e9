// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"fmt"
	"slices"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/script"
)

// compiledLevel is a compiled Level.
type compiledLevel struct {
	input, proxy []compiledField
	hide         []string
	more         []compiledField
	expires      script.Expires
	add          []compiledField
}

// compiledField is a compiled Field.
type compiledField struct {
	name, lower string
	field       message.Field
	value       parsedText
	op          script.FieldOp
	statuses    []int
	types       []string
	// late is set if the value is the response's. constant is set if it is in field.
	late, constant bool
	// proven is set if the value is whose the request is, as somebody has found out, and not as the client says.
	proven bool
	// input is set if what the client sent is changed.
	input bool
	// list is set for Cache-Control in a response, which headers-more takes for a list: see emptied.
	list bool
}

func (l *compiledLevel) changesResponse() bool {
	return len(l.hide)+len(l.more)+len(l.add) > 0 || l.expires.Op != script.ExpiresOff
}

func (p *Program) level(l *script.Level) (c compiledLevel, err error) {
	c.hide, c.expires = l.Hide, l.Expires
	for _, list := range []struct {
		fields []script.Field
		to     *[]compiledField
		late   bool
	}{{l.Input, &c.input, false}, {l.Proxy, &c.proxy, false}, {l.More, &c.more, true}, {l.Add, &c.add, true}} {
		for i := range list.fields {
			f, err := p.field(&list.fields[i])
			if err == nil && f.late && !list.late {
				err = errConstantOfResponse
			}
			if err != nil {
				return c, fmt.Errorf("line %d: %w", list.fields[i].Line, err)
			}
			f.list = list.to == &c.more && f.lower == "cache-control"
			if f.input = list.to == &c.input; f.input && f.field.Kind.Forwarding() {
				continue // what the endpoint gets of these is not the client's
			}
			*list.to = append(*list.to, f)
		}
	}
	return c, nil
}

func (p *Program) field(f *script.Field) (c compiledField, err error) {
	c = compiledField{name: f.Name, lower: message.LowerName(f.Name), op: f.Op, statuses: f.Statuses, types: f.Types}
	if c.value, err = p.text(f.Value); err != nil {
		return c, err
	}
	name := []byte(f.Name)
	c.field = message.Field{Name: name, Kind: message.KindOf(name)}
	if !c.field.Kind.EndToEnd() {
		return c, fmt.Errorf("%s frames the message or is the connection's", f.Name)
	}
	c.field.Value, c.constant = c.value.literal()
	if !isFieldValue(c.field.Value) {
		return c, fmt.Errorf("the value of %s has a control character", f.Name)
	}
	if c.late = c.value.ofResponse(); c.late {
		for _, part := range c.value {
			if !part.Kind.IsResponse() && part.Kind != script.VariableLiteral {
				return c, fmt.Errorf("the value of %s has variables of the request and of the response", f.Name)
			}
		}
	}
	return c, nil
}

// takes says whether a field of the name is one that the change is about.
func (f *compiledField) takes(name []byte) bool {
	if f.op == script.FieldClearPrefix {
		return len(name) >= len(f.lower) && message.EqualFold(name[:len(f.lower)], f.lower)
	}
	return message.EqualFold(name, f.lower)
}

// apply changes a list of fields.
func (f *compiledField) apply(fields []message.Field, value []byte) []message.Field {
	if f.op != script.FieldAppend {
		found := false
		for i := range fields {
			// Nobody whom CDN-Loop has to stop may remove it (RFC 8586, section 2).
			old := &fields[i]
			if !old.Kind.EndToEnd() || old.Kind == message.CDNLoop || !f.takes(old.Name) || f.input && message.KindOf(old.Name).Forwarding() {
				continue
			}
			old.Kind, found = message.Dropped, true
		}
		if f.op == script.FieldClear || f.op == script.FieldClearPrefix || f.op == script.FieldReplace && !found {
			return fields
		}
	}
	return f.append(fields, value)
}

// append adds the field, unless its value is empty.
func (f *compiledField) append(fields []message.Field, value []byte) []message.Field {
	if len(value) == 0 {
		return fields
	}
	added := f.field
	added.Value = value
	return append(fields, added)
}

// drop takes the fields of a name out of a list. Nobody whom CDN-Loop has to stop may remove it (RFC 8586, section 2).
func drop(fields []message.Field, lower string) {
	for i := range fields {
		if f := &fields[i]; f.Kind.EndToEnd() && f.Kind != message.CDNLoop && message.EqualFold(f.Name, lower) {
			f.Kind = message.Dropped
		}
	}
}

// applyList changes Cache-Control as headers-more does. An empty value makes an empty field where there is none. Where
// there is one, the list is emptied: then expires does not show either.
func (f *compiledField) applyList(fields []message.Field, value []byte, emptied bool) (changed []message.Field, empty bool) {
	_, there := first(fields, f.lower)
	switch {
	case len(value) > 0:
		return f.apply(fields, value), false
	case there || emptied:
		return f.apply(fields, nil), true
	}
	return append(fields, f.field), false
}

// changeInput changes what the client sent, as the level says that holds. It returns false if a value is malformed or
// too long.
func (p *Program) changeInput(v *View) bool {
	l := &p.levels[v.State.level]
	for i := range l.input {
		f := &l.input[i]
		if len(f.types) > 0 {
			if contentType, _ := first(v.Request.Fields, "content-type"); !slices.Contains(f.types, string(contentType)) {
				continue
			}
		}
		value, ok := p.fieldValue(v, f)
		if !ok {
			return false
		}
		v.Request.Fields = f.apply(v.Request.Fields, value)
	}
	return true
}

// makeFields makes the values of the fields that the endpoint gets, as the level says that holds. All are of the
// request that came: nothing of it is taken away before. It returns false if a value is malformed or too long.
func (p *Program) makeFields(v *View) bool {
	s := v.State
	l := &p.levels[s.level]
	s.sends = s.sends[:0]
	for i := range l.proxy {
		value, ok := p.fieldValue(v, &l.proxy[i])
		if !ok {
			return false
		}
		s.sends = append(s.sends, value)
	}
	s.sending = true
	return true
}

// Sends says whether there is anything for Send to do.
func (p *Program) Sends() bool {
	return slices.ContainsFunc(p.levels, func(l compiledLevel) bool { return len(l.proxy) > 0 })
}

// Withhold has Send leave out the fields that only others may give a request. One that is $remote_user is given whoever
// others have found that to be.
func (p *Program) Withhold(others func(name []byte) bool) {
	for i := range p.levels {
		l := &p.levels[i]
		l.proxy = slices.DeleteFunc(l.proxy, func(f compiledField) bool {
			return others(f.field.Name) && !f.value.isUser()
		})
		for j := range l.proxy {
			f := &l.proxy[j]
			f.proven = others(f.field.Name)
		}
	}
}

// Send gives a request that goes on the fields that the endpoint gets. Until then, all see what the client sent. s is
// what scripts remember of it, and user is whose it is, if somebody has found that out.
func (p *Program) Send(req *message.Request, s *State, user string) {
	if s == nil || s.program != p || !s.sending {
		return
	}
	s.sending = false
	l := &p.levels[s.level]
	for i := range l.proxy {
		if f := &l.proxy[i]; f.op == script.FieldSet && (!f.proven || user != "") {
			drop(req.Fields, f.lower)
		}
	}
	for i := range l.proxy {
		f, value := &l.proxy[i], s.sends[i]
		if f.proven {
			begin := len(s.memory)
			s.memory = append(s.memory, user...)
			if value = s.memory[begin:len(s.memory):len(s.memory)]; !isFieldValue(value) {
				value = nil
			}
		}
		req.Fields = f.append(req.Fields, value)
	}
}

// fieldValue returns the value that a field of the request gets. It returns false if that is malformed, or if all that
// were made are too long. A value that is only looked up takes no memory here, but the endpoint gets it in every field.
func (p *Program) fieldValue(v *View, f *compiledField) (value []byte, ok bool) {
	if f.constant {
		return f.field.Value, true
	}
	value = message.TrimSpace(p.value(v, f.value))
	s := v.State
	if s.sent += len(value); s.sent > mostSent {
		s.failed = true
	}
	return value, isFieldValue(value) && !s.failed
}

// refusal returns how a request is answered of which a field cannot be made.
func (s *State) refusal() Answer {
	if s.failed {
		return tooLongValue
	}
	return malformedValue
}

// isFieldValue says whether a value may be a field's.
func isFieldValue(value []byte) bool {
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// first returns the value of the first field of a name that nobody took out.
func first(fields []message.Field, lower string) (value []byte, ok bool) {
	for i := range fields {
		if f := &fields[i]; f.Kind != message.Dropped && message.EqualFold(f.Name, lower) {
			return f.Value, true
		}
	}
	return nil, false
}
