// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// scriptMatcher is a compiled regular expression of a script.
type scriptMatcher struct {
	expression *regexp.Regexp
	// slots are those of the groups that have names, by the number of the group. -1 is for none.
	slots []int
	// plain is nil if the expression needs RE2, which allocates where it tells what groups have.
	plain *plainExpression
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
	m := &scriptMatcher{expression: expression, plain: plainOf(text)}
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

// plainOf returns an expression as a plain one, or nil if it is none. What matches everything matches from the beginning.
func plainOf(text string) *plainExpression {
	if strings.HasPrefix(text, ".*") || strings.HasPrefix(text, "(.*)") {
		text = "^" + text
	}
	return readPlain(text, "")
}

// match tries an expression. What its groups have is remembered, if anybody asks.
func (p *scriptProgram) match(s *ScriptState, m *scriptMatcher, subject []byte) bool {
	s.groups, s.subject = s.groups[:0], subject
	switch {
	case m.plain != nil && bytes.IndexByte(subject, '\n') < 0: // it takes a new line for any other byte
		var at plainMatch
		if !m.plain.match(subject, &at) {
			return false
		}
		for group := range m.expression.NumSubexp() + 1 {
			s.groups = append(s.groups, at[group][0], at[group][1])
		}
	case !p.groups:
		return m.expression.Match(subject)
	default:
		found := m.expression.FindSubmatchIndex(subject)
		if found == nil {
			return false
		}
		s.groups = append(s.groups, found...)
	}
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
