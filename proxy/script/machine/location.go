// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/warren-dev/ingress/proxy/addresses"
	"github.com/warren-dev/ingress/proxy/script"
)

// location is a compiled Location.
type location struct {
	beginning     []byte
	final, nested bool
	matcher       *matcher // nil for a beginning
	program       *Program
	// restricts is set if a client that is not allowed is refused.
	restricts       bool
	allowed, denied addresses.Ranges
	note            string
}

// places compiles the locations that a script has beside its own.
func (p *Program) places(compile compiler, s *script.Script) error {
	for i := range s.Locations {
		of := &s.Locations[i]
		l := location{
			beginning: []byte(of.Beginning), final: of.Final, nested: of.Nested, restricts: len(of.Allowed) > 0,
			allowed: addresses.RangesOf(of.Allowed), denied: addresses.RangesOf(of.Denied), note: "line " + strconv.Itoa(of.Line) + ": " + of.Text,
		}
		var err error
		if of.Expression != "" {
			if l.matcher, err = p.matcher(compile, of.Expression, of.Fold); err != nil {
				return fmt.Errorf("line %d: %w", of.Line, err)
			}
		}
		if l.program, err = compileScript(of.Script(), compile, p.slots); err != nil {
			return err
		}
		if p.size += l.program.size; p.size > mostInstructions {
			return errTooManyInstructions
		}
		l.program.around = p
		p.locations = append(p.locations, l)
	}
	p.own, p.expressed = []byte(s.OwnPath), s.Expressed
	return nil
}

// place returns the location that takes a request in place of the script's own, nil if none does.
func (p *Program) place(v *View) *location {
	s := v.State
	if len(p.locations) == 0 || len(p.own) > 0 && bytes.Equal(s.uri, p.own) {
		return nil // Nothing goes before the path itself.
	}
	var longest *location
	for i := range p.locations {
		l := &p.locations[i]
		if l.matcher == nil && bytes.HasPrefix(s.uri, l.beginning) && (longest == nil || len(l.beginning) > len(longest.beginning)) {
			longest = l
		}
	}
	if longest != nil && longest.final {
		return longest
	}
	for i := range p.locations {
		l := &p.locations[i]
		if l.matcher != nil && p.match(s, l.matcher, s.uri) {
			return l
		}
	}
	if p.expressed && longest != nil && !longest.nested {
		return nil // The script's own expression goes before a beginning beside it.
	}
	return longest
}

// answer answers a request that the location takes, unless that leads to another path.
func (l *location) answer(v *View) Answer {
	if v.Notes != nil {
		*v.Notes = append(*v.Notes, Note{Text: l.note})
	}
	answer := l.program.locate(v)
	switch {
	case answer.Again || answer.Answers():
		return answer
	case !l.admits(v.Client):
		return Answer{Refused: true}
	}
	return noFile
}

// admits returns whether a client's address gets further than the script.
func (l *location) admits(client netip.Addr) bool {
	return !l.denied.Contain(client) && (!l.restricts || l.allowed.Contain(client))
}

// noFile answers where nginx would look for a file.
var noFile = Answer{Status: 404, Content: page(404)}
