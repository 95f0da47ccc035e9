// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// Header is a field to put into a message.
type Header = step.Header

// HeaderChanges are changes to the fields of one message. First the fields in Remove are removed, then Set replaces
// fields, then Add adds fields whose name is not there, then Append adds fields beside those of the same name. Each
// list is sorted by name.
type HeaderChanges struct {
	Add, Set, Append []Header
	Remove           []string
}

// Headers are a route's changes to requests and to responses.
type Headers struct {
	Request, Response HeaderChanges
}

// Name is "headers".
func (*Headers) Name() string { return "headers" }

// Equal returns whether other headers have the same changes.
func (h *Headers) Equal(other Policy) bool {
	o, ok := other.(*Headers)
	return ok && o != nil && h.Request.equal(&o.Request) && h.Response.equal(&o.Response)
}

// Compile prepares the changes for messages. Our own answers are not changed: they say what we say.
func (h *Headers) Compile(*step.Scope) (steps step.Steps, err error) {
	if !h.Request.none() {
		c := compileHeaders(&h.Request)
		steps.Request = func(v *step.View) step.Answer {
			v.Request.Fields = c.apply(v.Request.Fields)
			return step.Answer{}
		}
	}
	if !h.Response.none() {
		c := compileHeaders(&h.Response)
		steps.Response = func(_ *step.View, resp *message.Response) { resp.Fields = c.apply(resp.Fields) }
	}
	return steps, nil
}

func (h *HeaderChanges) none() bool { return len(h.Add)+len(h.Set)+len(h.Append)+len(h.Remove) == 0 }

func (h *HeaderChanges) equal(o *HeaderChanges) bool {
	return slices.Equal(h.Add, o.Add) && slices.Equal(h.Set, o.Set) && slices.Equal(h.Append, o.Append) &&
		slices.Equal(h.Remove, o.Remove)
}

// headerChanges is a compiled HeaderChanges.
type headerChanges struct {
	// gone are the names, in lower case, whose fields are dropped: those in Remove and those in Set.
	gone               []string
	set, add, appended []message.Field
	// absent are the names of add, in lower case.
	absent []string
	// The lengths of names tell nearly all fields of a message from those that are to change: of gone, of absent and of
	// set.
	goneLengths, absentLengths, setLengths lengths
}

// lengths has a bit for each length of a name. Names that are longer than 63 bytes share the bits of others.
type lengths uint64

func lengthOf[T []byte | string](name T) lengths { return 1 << (len(name) & 63) }

func compileHeaders(h *HeaderChanges) headerChanges {
	var c headerChanges
	for _, name := range h.Remove {
		c.gone = append(c.gone, message.LowerName(name))
	}
	for _, s := range h.Set {
		c.gone = append(c.gone, message.LowerName(s.Name))
		c.set = append(c.set, newField(s))
		c.setLengths |= lengthOf(s.Name)
	}
	for _, a := range h.Add {
		c.absent = append(c.absent, message.LowerName(a.Name))
		c.add = append(c.add, newField(a))
		c.absentLengths |= lengthOf(a.Name)
	}
	for _, a := range h.Append {
		c.appended = append(c.appended, newField(a))
	}
	for _, name := range c.gone {
		c.goneLengths |= lengthOf(name)
	}
	return c
}

func newField(h Header) message.Field {
	name := []byte(h.Name)
	return message.Field{Name: name, Value: []byte(h.Value), Kind: message.KindOf(name)}
}

// apply changes fields, and returns them with what was added.
func (c *headerChanges) apply(fields []message.Field) []message.Field {
	// there are the lengths of absent that names of the message have.
	there := c.setLengths
	for i := range fields {
		f := &fields[i]
		length := lengthOf(f.Name)
		if length&(c.goneLengths|c.absentLengths) == 0 || !f.Kind.EndToEnd() {
			continue
		}
		if length&c.goneLengths != 0 && c.drops(f) {
			f.Kind = message.Dropped
			continue
		}
		there |= length
	}
	fields = append(fields, c.set...)
	for i, name := range c.absent {
		if length := lengthOf(name); there&length == 0 || !has(fields, name) {
			fields = append(fields, c.add[i])
			there |= length
		}
	}
	return append(fields, c.appended...)
}

// drops says whether a field is one of gone. Nobody whom CDN-Loop has to stop may remove it (RFC 8586, section 2).
func (c *headerChanges) drops(f *message.Field) bool {
	if f.Kind == message.CDNLoop {
		return false
	}
	for _, name := range c.gone {
		if message.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

func has(fields []message.Field, lower string) bool {
	for i := range fields {
		if f := &fields[i]; f.Kind.EndToEnd() && message.EqualFold(f.Name, lower) {
			return true
		}
	}
	return false
}
