// SPDX-License-Identifier: Apache-2.0

package script

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/proxy/plain"
)

// matcher is a compiled regular expression of a script.
type matcher struct {
	expression *regexp.Regexp
	// slots are those of the groups that have names, by the number of the group. -1 is for none.
	slots []int
	// plain is nil if the expression needs RE2, which allocates where it tells what groups have.
	plain *plain.Expression
}

// matcher compiles an expression. Its groups that have names become variables.
func (p *Program) matcher(compile compiler, text string, fold bool) (*matcher, error) {
	if fold {
		text = foldedExpression(text)
	}
	expression, err := compile(text)
	if err != nil {
		return nil, err
	}
	m := &matcher{expression: expression, plain: plainOf(text)}
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

// plainOf returns an expression as a plain one, or nil if it is none. What matches everything does so from the
// beginning.
func plainOf(text string) *plain.Expression {
	if strings.HasPrefix(text, ".*") || strings.HasPrefix(text, "(.*)") {
		text = "^" + text
	}
	return plain.Read(text, "")
}

// match tries an expression. What its groups have is remembered, if anybody asks.
func (p *Program) match(s *State, m *matcher, subject []byte) bool {
	s.groups, s.subject = s.groups[:0], subject
	switch {
	case m.plain != nil && bytes.IndexByte(subject, '\n') < 0: // it takes a new line for any other byte
		var at plain.Match
		if !m.plain.Find(subject, &at) {
			return false
		}
		s.groups = append(s.groups, at[:2*(m.expression.NumSubexp()+1)]...)
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
func (s *State) group(n int) []byte {
	if 2*n+1 >= len(s.groups) || s.groups[2*n] < 0 {
		return nil
	}
	return s.subject[s.groups[2*n]:s.groups[2*n+1]]
}
