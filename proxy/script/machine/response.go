// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/script"
)

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
	if s := v.State; s.program != p && !p.within(s) {
		s.reset()
		s.makeRoom(p)
		s.program = p
		s.decode(v)
	}
	if !v.State.ready {
		v.State.program.prepare(v)
	}
	v.Own = true
	p.Response(v, resp)
}

// within returns whether a location of the program has the request.
func (p *Program) within(s *State) bool { return s.program != nil && s.program.around == p }

// Response changes the fields of a response, as the level says that holds for the request.
func (p *Program) Response(v *View, resp *message.Response) {
	s := v.State
	if s != nil && p.within(s) {
		p = s.program
	}
	if s == nil || s.program != p || !s.ready || s.told {
		return
	}
	s.told = true
	l := &p.levels[s.level]
	for _, name := range l.hide {
		drop(resp.Fields, name)
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
	if l.expires.Op != script.ExpiresOff && slices.Contains(script.AddedStatuses, resp.Status) {
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
		drop(resp.Fields, "content-type") // there is no content, but -t has seen its type
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
		switch part := &f.value[i]; part.Kind {
		case script.VariableStatus:
			s.memory = strconv.AppendInt(s.memory, int64(resp.Status), 10)
		case script.VariableUpstreamStatus:
			if !v.Own {
				s.memory = strconv.AppendInt(s.memory, int64(resp.Status), 10)
			}
		case script.VariableSent:
			value, _ := first(resp.Fields, part.Name)
			s.memory = append(s.memory, value...)
		case script.VariableUpstreamField:
			if !v.Own {
				value, _ := message.First(resp.Fields[:endpoint], part.Name) // even if it was taken out
				s.memory = append(s.memory, value...)
			}
		default:
			s.memory = append(s.memory, part.Literal...)
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
func (s *State) expire(v *View, resp *message.Response, e script.Expires, emptied bool) {
	for i := range resp.Fields {
		f := &resp.Fields[i]
		if f.Kind == message.Other && (message.EqualFold(f.Name, "expires") || message.EqualFold(f.Name, "cache-control")) {
			f.Kind = message.Dropped
		}
	}
	expires, cacheControl := expiresEpoch, noCache
	switch e.Op {
	case script.ExpiresMax:
		expires, cacheControl = expiresMax, maxAgeMax
	case script.ExpiresIn:
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
