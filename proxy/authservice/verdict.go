// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// verdict is what a service has for a request that may pass. Nobody changes it once it is there: it may be kept for
// others.
type verdict struct {
	// changes are made to the fields of the request. removed are the names of fields that are taken out of it, in lower
	// case.
	changes []change
	removed []string
	// given is what the client gets besides the response. Nil for nothing.
	given *gift
}

// change is what becomes of the fields of one name.
type change struct {
	field message.Field
	lower string
	how   action
}

// action says how a field is put to others of its name.
type action uint8

const (
	// put has it take their place.
	put action = iota
	// add has it stand beside them.
	add
	// addIfAbsent does nothing if there are any.
	addIfAbsent
	// putIfPresent does nothing if there are none.
	putIfPresent
)

// gift is what the client gets besides the response.
type gift struct{ changes []change }

// Give implements [step.Giver].
func (g *gift) Give(resp *message.Response) {
	resp.Fields = applyAll(g.changes, resp.Fields, message.DropNamed)
}

// nothing is the verdict of a service that says nothing but that the request may pass.
var nothing verdict

// apply does to a request what the verdict says.
func (d *verdict) apply(v *step.View) {
	for _, name := range d.removed {
		auth.DropAlike(v.Request.Fields, name)
	}
	v.Request.Fields = applyAll(d.changes, v.Request.Fields, auth.DropAlike)
	if d.given != nil {
		v.Given = d.given
	}
}

// applyAll makes changes to fields, and returns them with what was added. drop takes fields out by their name.
func applyAll(changes []change, fields []message.Field, drop func([]message.Field, string)) []message.Field {
	for i := range changes {
		c := &changes[i]
		switch c.how {
		case put:
			drop(fields, c.lower)
		case addIfAbsent:
			if isThere(fields, c.lower) {
				continue
			}
		case putIfPresent:
			if !isThere(fields, c.lower) {
				continue
			}
			drop(fields, c.lower)
		}
		fields = append(fields, c.field)
	}
	return fields
}

func isThere(fields []message.Field, lower string) bool {
	for i := range fields {
		if f := &fields[i]; f.Kind.EndToEnd() && message.EqualFold(f.Name, lower) {
			return true
		}
	}
	return false
}

// ofAnswer are fields that are about the answer of a service itself, so that no request gets them unless the rule names
// them. Those that begin with content- are too.
var ofAnswer = []string{
	"accept-ranges", "age", "alt-svc", "cache-control", "date", "etag", "expires", "last-modified", "location", "pragma", "server",
	"set-cookie", "strict-transport-security", "vary", "www-authenticate",
}

// verdictOf returns the verdict of a response that lets a request pass.
func (s *Service) verdictOf(fields []message.Field) *verdict {
	taken := copyIf(fields, func(f *message.Field) bool { return s.takes(f) || s.renames(f) })
	cookies := copyIf(fields, func(f *message.Field) bool { return message.EqualFold(f.Name, "set-cookie") })
	if taken == nil && cookies == nil {
		return &nothing
	}
	d := &verdict{changes: make([]change, 0, len(taken))}
	for i := range taken {
		if s.takes(&taken[i]) {
			d.gives(taken[i], s.lowerOf(taken[i].Name))
		}
		for j := range s.renamed {
			if r := &s.renamed[j]; message.EqualFold(taken[i].Name, r.from) {
				d.gives(message.Field{Name: r.name, Value: taken[i].Value, Kind: message.KindOf(r.name)}, r.lower)
			}
		}
	}
	if cookies != nil {
		d.given = &gift{changes: make([]change, len(cookies))}
		for i := range cookies {
			d.given.changes[i] = change{field: cookies[i], lower: "set-cookie", how: add}
		}
	}
	return d
}

// gives has the request get a field, in place of its own, and beside what else the service says by that name.
func (d *verdict) gives(f message.Field, lower string) {
	how := put
	if slices.ContainsFunc(d.changes, func(c change) bool { return c.lower == lower }) {
		how = add
	}
	d.changes = append(d.changes, change{field: f, lower: lower, how: how})
}

// renames says whether a request gets a field of the service's answer by another name.
func (s *Service) renames(f *message.Field) bool {
	return slices.ContainsFunc(s.renamed, func(r renamedField) bool { return message.EqualFold(f.Name, r.from) })
}

// takes says whether a request gets a field of the service's answer.
func (s *Service) takes(f *message.Field) bool {
	return among(f.Name, s.take) ||
		s.takesAll && !f.Kind.Forwarding() && f.Kind != message.CDNLoop && !among(f.Name, ofAnswer) && !describesContent(f.Name)
}

// lowerOf returns a name in lower case, which is there already if the rule has it.
func (s *Service) lowerOf(name []byte) string {
	for _, lower := range s.take {
		if message.EqualFold(name, lower) {
			return lower
		}
	}
	return message.LowerName(string(name))
}
