// SPDX-License-Identifier: Apache-2.0

package script

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// compiledLevel is a compiled Level.
type compiledLevel struct {
	input, proxy []compiledField
	hide         []string
	more         []compiledField
	expires      Expires
	add          []compiledField
}

// compiledField is a compiled Field.
type compiledField struct {
	name, lower string
	field       message.Field
	value       parsedText
	op          FieldOp
	statuses    []int
	types       []string
	// late is set if the value is the response's. constant is set if it is in field.
	late, constant bool
	// input is set if what the client sent is changed.
	input bool
	// list is set for Cache-Control in a response, which headers-more takes for a list: see emptied.
	list bool
}

func (l *compiledLevel) changesResponse() bool {
	return len(l.hide)+len(l.more)+len(l.add) > 0 || l.expires.Op != ExpiresOff
}

func (p *Program) level(l *Level) (c compiledLevel, err error) {
	c.hide, c.expires = l.Hide, l.Expires
	for _, list := range []struct {
		fields []Field
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

func (p *Program) field(f *Field) (c compiledField, err error) {
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
			if !part.kind.isResponse() && part.kind != variableLiteral {
				return c, fmt.Errorf("the value of %s has variables of the request and of the response", f.Name)
			}
		}
	}
	return c, nil
}

// takes says whether a field of the name is one that the change is about.
func (f *compiledField) takes(name []byte) bool {
	if f.op == FieldClearPrefix {
		return len(name) >= len(f.lower) && message.EqualFold(name[:len(f.lower)], f.lower)
	}
	return message.EqualFold(name, f.lower)
}

// apply changes a list of fields.
func (f *compiledField) apply(fields []message.Field, value []byte) []message.Field {
	if f.op != FieldAppend {
		found := false
		for i := range fields {
			// Nobody whom CDN-Loop has to stop may remove it (RFC 8586, section 2).
			old := &fields[i]
			if !old.Kind.EndToEnd() || old.Kind == message.CDNLoop || !f.takes(old.Name) || f.input && message.KindOf(old.Name).Forwarding() {
				continue
			}
			old.Kind, found = message.Dropped, true
		}
		if f.op == FieldClear || f.op == FieldClearPrefix || f.op == FieldReplace && !found {
			return fields
		}
	}
	if len(value) == 0 {
		return fields
	}
	added := f.field
	added.Value = value
	return append(fields, added)
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

// changeRequest makes the fields that the endpoint gets, as the level says that holds. It returns false if a value is
// malformed or too long.
func (p *Program) changeRequest(v *View) bool {
	l := &p.levels[v.State.level]
	// All values are those of the request that came: nothing of it is taken away before.
	s := v.State
	begin := len(s.values)
	for i := range l.proxy {
		value, ok := p.fieldValue(v, &l.proxy[i])
		if !ok {
			return false
		}
		s.values = append(s.values, value)
	}
	values := s.values[begin:]
	for i := range l.proxy {
		if f := &l.proxy[i]; f.op == FieldSet {
			drop := compiledField{lower: f.lower, op: FieldClear}
			v.Request.Fields = drop.apply(v.Request.Fields, nil)
		}
	}
	for i := range l.proxy {
		if f := l.proxy[i]; len(values[i]) > 0 {
			f.op = FieldAppend
			v.Request.Fields = f.apply(v.Request.Fields, values[i])
		}
	}
	s.values = s.values[:begin]
	return true
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

// prepare makes the values that the fields of the response get: a response comes when the request's head may be gone.
// What is malformed is left out.
func (p *Program) prepare(v *View) {
	s := v.State
	l := &p.levels[s.level]
	s.values = s.values[:0]
	for _, list := range [][]compiledField{l.more, l.add} {
		for i := range list {
			f := &list[i]
			var value []byte
			if !f.constant && !f.late {
				value = s.copied(v, f.value)
			}
			s.values = append(s.values, value)
		}
	}
	s.ready = true
}

// copied returns what a text says of a request, in the state's own memory.
func (s *State) copied(v *View, text parsedText) []byte {
	begin := len(s.memory)
	s.append(v, text, false)
	value := message.TrimSpace(s.memory[begin:len(s.memory):len(s.memory)])
	if s.failed || !isFieldValue(value) {
		return nil
	}
	return value
}

// Own changes an answer of our own, unless Response has done so.
func (p *Program) Own(v *View, resp *message.Response) {
	if v.State == nil {
		v.State = new(State)
	}
	if s := v.State; s.program != p {
		s.reset()
		s.makeRoom(p)
		s.program = p
		s.decode(v)
	}
	if !v.State.ready {
		p.prepare(v)
	}
	v.Own = true
	p.Response(v, resp)
}

// Response changes the fields of a response, as the level says that holds for the request.
func (p *Program) Response(v *View, resp *message.Response) {
	s := v.State
	if s == nil || s.program != p || !s.ready || s.told {
		return
	}
	s.told = true
	l := &p.levels[s.level]
	for _, name := range l.hide {
		hide := compiledField{lower: name, op: FieldClear}
		resp.Fields = hide.apply(resp.Fields, nil)
	}
	endpoint := len(resp.Fields) // what is behind is ours
	values, emptied := s.values, false
	for i := range l.more {
		f := &l.more[i]
		if len(f.statuses) > 0 && !slices.Contains(f.statuses, resp.Status) || len(f.types) > 0 && !f.hasType(resp, v.Own) {
			continue
		}
		value := p.responseValue(v, f, values[i], resp, endpoint)
		if f.list {
			resp.Fields, emptied = f.applyList(resp.Fields, value, emptied)
			continue
		}
		resp.Fields = f.apply(resp.Fields, value)
	}
	values = values[len(l.more):]
	if l.expires.Op != ExpiresOff && slices.Contains(AddedStatuses, resp.Status) {
		s.expire(v, resp, l.expires, emptied)
	}
	for i := range l.add {
		f := &l.add[i]
		if len(f.statuses) > 0 && !slices.Contains(f.statuses, resp.Status) {
			continue
		}
		resp.Fields = f.apply(resp.Fields, p.responseValue(v, f, values[i], resp, endpoint))
	}
	if v.Own && (resp.Status == 204 || resp.Status == 304) {
		noType := compiledField{lower: "content-type", op: FieldClear} // there is no content, but -t has seen its type
		resp.Fields = noType.apply(resp.Fields, nil)
	}
}

// hasType says whether the media type of a response is one of those that the change is about. An answer of our own that
// has no type yet counts as a page, as those of nginx are.
func (f *compiledField) hasType(resp *message.Response, own bool) bool {
	actual, there := first(resp.Fields, "content-type")
	if own && !there {
		actual = htmlContent
	}
	for {
		if slices.Contains(f.types, string(actual)) {
			return true
		}
		// nginx takes the charset, and what follows it, for something else than the type.
		i := bytes.LastIndexByte(actual, ';')
		if i < 0 || !bytes.HasPrefix(bytes.ToLower(bytes.TrimLeft(actual[i+1:], " ")), charset) {
			return false
		}
		actual = actual[:i]
	}
}

var charset = []byte("charset=")

// responseValue returns the value that a field of a response gets, nil if that is malformed or becomes too long.
func (p *Program) responseValue(v *View, f *compiledField, prepared []byte, resp *message.Response, endpoint int) []byte {
	switch {
	case f.constant:
		return f.field.Value
	case !f.late:
		return prepared
	}
	s := v.State
	begin := len(s.memory)
	for i := range f.value {
		switch part := &f.value[i]; part.kind {
		case variableStatus:
			s.memory = strconv.AppendInt(s.memory, int64(resp.Status), 10)
		case variableUpstreamStatus:
			if !v.Own {
				s.memory = strconv.AppendInt(s.memory, int64(resp.Status), 10)
			}
		case variableSent:
			value, _ := first(resp.Fields, part.name)
			s.memory = append(s.memory, value...)
		case variableUpstreamField:
			if !v.Own {
				value, _ := message.First(resp.Fields[:endpoint], part.name) // even if it was taken out
				s.memory = append(s.memory, value...)
			}
		default:
			s.memory = append(s.memory, part.literal...)
		}
		if len(s.memory)-begin > mostValue || len(s.memory) > mostMemory {
			s.memory = s.memory[:begin] // a field may be put together of itself, as often as there is room in a snippet
			return nil
		}
	}
	value := message.TrimSpace(s.memory[begin:len(s.memory):len(s.memory)])
	if !isFieldValue(value) {
		return nil
	}
	return value
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

var (
	expiresName, cacheControlName = []byte("Expires"), []byte("Cache-Control")
	expiresEpoch                  = []byte("Thu, 01 Jan 1970 00:00:01 GMT")
	expiresMax                    = []byte("Thu, 31 Dec 2037 23:55:55 GMT")
	noCache                       = []byte("no-cache")
	maxAgeMax                     = []byte("max-age=315360000")
)

// imfFixdate is how a date is written (RFC 9110, section 5.6.7), for times in UTC.
const imfFixdate = "Mon, 02 Jan 2006 15:04:05 GMT"

// expire sets Expires, and Cache-Control unless that was emptied.
func (s *State) expire(v *View, resp *message.Response, e Expires, emptied bool) {
	for i := range resp.Fields {
		f := &resp.Fields[i]
		if f.Kind == message.Other && (message.EqualFold(f.Name, "expires") || message.EqualFold(f.Name, "cache-control")) {
			f.Kind = message.Dropped
		}
	}
	expires, cacheControl := expiresEpoch, noCache
	switch e.Op {
	case ExpiresMax:
		expires, cacheControl = expiresMax, maxAgeMax
	case ExpiresIn:
		begin := len(s.memory)
		s.memory = v.Now.Add(time.Duration(e.Seconds)*time.Second).UTC().AppendFormat(s.memory, imfFixdate)
		expires = s.memory[begin:len(s.memory):len(s.memory)]
		if e.Seconds >= 0 {
			begin = len(s.memory)
			s.memory = strconv.AppendInt(append(s.memory, "max-age="...), e.Seconds, 10)
			cacheControl = s.memory[begin:len(s.memory):len(s.memory)]
		}
	}
	resp.Fields = append(resp.Fields, message.Field{Name: expiresName, Value: expires})
	if !emptied {
		resp.Fields = append(resp.Fields, message.Field{Name: cacheControlName, Value: cacheControl})
	}
}
