// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/proxy/plain"
	"github.com/warren-dev/ingress/proxy/script"
)

// matcher is a compiled regular expression of a script.
type matcher struct {
	expression *regexp.Regexp
	// slots are those of the groups that have names, by the number of the group. -1 is for none.
	slots []int
	// plain is nil if the expression needs RE2, which allocates where it tells what groups have.
	plain *plain.Expression
	// words is nil if the expression does not ask for words. They do not tell what groups have.
	words *plain.Words
	// size is how many instructions the expression's program has.
	size int
}

// mostInstructions bounds the programs of all expressions of a script. Each takes memory in every route that has it.
const mostInstructions = 5000

var errTooManyInstructions = fmt.Errorf("all regular expressions together have more than %d instructions: write fewer, or shorter ones", mostInstructions)

// matcher compiles an expression, or returns what the program has of the same text. Its groups that have names become
// variables.
func (p *Program) matcher(compile compiler, text string, fold bool) (*matcher, error) {
	if fold {
		text = script.Folded(text)
	}
	if m := p.matchers[text]; m != nil {
		return m, nil
	}
	expression, err := compile(text)
	if err != nil {
		return nil, err
	}
	m := &matcher{expression: expression, plain: plainOf(text), words: plain.ReadWords(text), size: sizeOf(text)}
	if p.size += m.size; p.size > mostInstructions {
		return nil, errTooManyInstructions
	}
	p.matchers[text] = m
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

// sizeOf returns how many instructions the program of an expression has.
func sizeOf(text string) int {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return 0
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 0
	}
	return len(program.Inst)
}

// match tries an expression. What its groups have is remembered, if anybody asks. Nothing matches once the scripts of a
// request have taken too much effort.
func (p *Program) match(s *State, m *matcher, subject []byte) bool {
	s.groups, s.subject = s.groups[:0], subject
	switch {
	case m.plain != nil && bytes.IndexByte(subject, '\n') < 0: // it takes a new line for any other byte
		var at plain.Match
		if !m.plain.Find(subject, &at) {
			return false
		}
		s.groups = append(s.groups, at[:2*(m.expression.NumSubexp()+1)]...)
	case !s.spend(m.size * (len(subject) + 1)): // RE2 may look at each byte with each instruction
		return false
	case !p.groups:
		if m.words != nil {
			if found, known := m.words.In(subject); known {
				return found
			}
		}
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
