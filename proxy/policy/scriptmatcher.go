// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"slices"
)

// scriptMatcher is a compiled regular expression of a script.
type scriptMatcher struct {
	expression *regexp.Regexp
	// slots are those of the groups that have names, by the number of the group. -1 is for none.
	slots []int
	shape *scriptShape
}

// scriptShape is an expression that can do without regexp: a literal at an anchor, and the rest of the line. It is what
// most rewrites have, and regexp allocates where it tells what groups have.
type scriptShape struct {
	begin, end bool
	literal    []byte
	// rest is set if the expression goes on to the end. group is set if that is a group.
	rest, group bool
}

// matcher compiles an expression. Its groups that have names become variables.
func (p *scriptProgram) matcher(scope *Scope, text string, fold bool) (*scriptMatcher, error) {
	if fold {
		text = foldedExpression(text)
	}
	expression, err := scope.expression(text)
	if err != nil {
		return nil, err
	}
	m := &scriptMatcher{expression: expression, shape: shapeOf(text)}
	for group, name := range expression.SubexpNames() {
		if name == "" {
			continue
		}
		at := slices.Index(p.slots, name)
		if at < 0 {
			at = len(p.slots)
			p.slots = append(p.slots, name)
		}
		for len(m.slots) <= group {
			m.slots = append(m.slots, -1)
		}
		m.slots[group] = at
		p.groups = true
	}
	return m, nil
}

// shapeOf returns the shape of an expression, nil for others.
func shapeOf(text string) *scriptShape {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil
	}
	parts := []*syntax.Regexp{parsed}
	switch parsed.Op {
	case syntax.OpConcat:
		parts = parsed.Sub
	case syntax.OpEmptyMatch:
		return &scriptShape{}
	}
	var s scriptShape
	if len(parts) > 0 && parts[0].Op == syntax.OpBeginText {
		s.begin, parts = true, parts[1:]
	}
	if len(parts) > 0 && parts[0].Op == syntax.OpLiteral && parts[0].Flags&syntax.FoldCase == 0 {
		s.literal, parts = []byte(string(parts[0].Rune)), parts[1:]
	}
	if len(parts) > 0 {
		rest := parts[0]
		if rest.Op == syntax.OpCapture && rest.Name == "" {
			s.group, rest = true, rest.Sub[0]
		}
		if rest.Op == syntax.OpStar && rest.Flags&syntax.NonGreedy == 0 && rest.Sub[0].Op == syntax.OpAnyCharNotNL {
			s.rest, parts = true, parts[1:]
		} else if s.group {
			return nil
		}
	}
	if len(parts) > 0 && parts[0].Op == syntax.OpEndText {
		s.end, parts = true, parts[1:]
	}
	if len(parts) > 0 || s.rest && !s.begin && len(s.literal) > 0 {
		return nil
	}
	return &s
}

// find returns whether a subject matches, and where the rest of it begins.
func (s *scriptShape) find(subject []byte) (at int, ok bool) {
	switch {
	case s.begin && s.end && !s.rest:
		return 0, bytes.Equal(subject, s.literal)
	case s.begin:
		return len(s.literal), bytes.HasPrefix(subject, s.literal)
	case s.end && !s.rest:
		return 0, bytes.HasSuffix(subject, s.literal)
	}
	return 0, bytes.Contains(subject, s.literal)
}

// match tries an expression. What its groups have is remembered, if anybody asks.
func (p *scriptProgram) match(s *ScriptState, m *scriptMatcher, subject []byte) bool {
	s.groups, s.subject = s.groups[:0], nil
	if m.shape != nil && bytes.IndexByte(subject, '\n') < 0 {
		at, ok := m.shape.find(subject)
		if !ok {
			return false
		}
		s.subject = subject
		if m.shape.group {
			s.groups = append(s.groups, 0, len(subject), at, len(subject))
		}
		return true
	}
	if !p.groups {
		return m.expression.Match(subject)
	}
	found := m.expression.FindSubmatchIndex(subject)
	if found == nil {
		return false
	}
	s.subject, s.groups = subject, append(s.groups, found...)
	for group, slot := range m.slots {
		if slot >= 0 {
			s.slots[slot] = s.group(group)
		}
	}
	return true
}

// group returns what a group has.
func (s *ScriptState) group(n int) []byte {
	if 2*n+1 >= len(s.groups) || s.groups[2*n] < 0 {
		return nil
	}
	return s.subject[s.groups[2*n]:s.groups[2*n+1]]
}
