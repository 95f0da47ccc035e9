// SPDX-License-Identifier: Apache-2.0

// Package plain finds what a regular expression matches without RE2, where there is only one way to match it
// (plain.go), or where it asks for one of a few texts (words.go). It rules out expressions by what they begin with
// (beginning.go).
package plain

import (
	"regexp/syntax"
	"strings"
)

// Expression is a regular expression that needs none of RE2: a text from the beginning of the path on, perhaps in
// any case, the end of a segment, and the rest. Most rewrites that take something off have one, such as
// "(?i)^/shop(/|$)(.*)". There is only one way to match it, so it is found in one look, and takes next to no memory.
type Expression struct {
	parts []part
	// Substitution is what takes the place of a match.
	Substitution Template
}

// part is a part of a plain expression. The parts follow one another.
type part struct {
	kind kind
	// text is that of a plainText. If folded is set, it is in lower case, and matches in any case.
	text   string
	folded bool
	// group is the number of the group that begins or ends.
	group int
}

type kind uint8

const (
	plainText kind = iota
	// plainSegment is a slash, or nothing at the end of the path.
	plainSegment
	// plainRest is what is left of the path. Only groups and ends follow it.
	plainRest
	// plainEnd is the end of the path.
	plainEnd
	// plainOpen and plainClose are the beginning and the end of a group.
	plainOpen
	plainClose
)

// maxGroups bounds the groups of a plain expression.
const maxGroups = 9

// Match has the beginning and the end of the whole match and of each group, as package regexp has them.
type Match [2 * (maxGroups + 1)]int

// Read returns an expression and what takes its place as a plain one, or nil if it is none.
func Read(text, substitution string) *Expression {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil || parsed.MaxCap() > maxGroups {
		return nil
	}
	var r reader
	if !r.read(parsed) || !r.anchored {
		return nil
	}
	return &Expression{parts: r.parts, Substitution: ReadTemplate(parsed.CapNames(), substitution)}
}

type reader struct {
	parts []part
	// anchored is set once the beginning of the path has been asked for, and rest once everything was read.
	anchored, rest bool
}

// read appends an expression. It returns false if that is not plain.
func (r *reader) read(of *syntax.Regexp) bool {
	switch of.Op {
	case syntax.OpEmptyMatch:
		return true
	case syntax.OpConcat:
		for _, sub := range of.Sub {
			if !r.read(sub) {
				return false
			}
		}
		return true
	case syntax.OpCapture:
		r.parts = append(r.parts, part{kind: plainOpen, group: of.Cap})
		ok := r.read(of.Sub[0])
		r.parts = append(r.parts, part{kind: plainClose, group: of.Cap})
		return ok
	case syntax.OpBeginText:
		ok := !r.anchored
		r.anchored = true
		return ok
	case syntax.OpEndText:
		return r.add(part{kind: plainEnd}, true)
	case syntax.OpLiteral:
		text := string(of.Rune)
		folded := of.Flags&syntax.FoldCase != 0
		if folded {
			text = strings.ToLower(text)
		}
		return isASCII(text) && r.add(part{kind: plainText, text: text, folded: folded}, false)
	case syntax.OpStar:
		any := of.Sub[0].Op == syntax.OpAnyChar || of.Sub[0].Op == syntax.OpAnyCharNotNL // There are no new lines in paths.
		ok := any && of.Flags&syntax.NonGreedy == 0 && r.add(part{kind: plainRest}, false)
		r.rest = true
		return ok
	case syntax.OpAlternate:
		return isSegmentEnd(of.Sub) && r.add(part{kind: plainSegment}, false)
	}
	return false
}

// add appends a part. It returns false if the part cannot stand there.
func (r *reader) add(p part, afterRest bool) bool {
	r.parts = append(r.parts, p)
	return r.anchored && (!r.rest || afterRest)
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 })
}

// isSegmentEnd returns whether alternatives are a slash and the end of the path.
func isSegmentEnd(of []*syntax.Regexp) bool {
	if len(of) == 2 && of[0].Op == syntax.OpEndText {
		of = []*syntax.Regexp{of[1], of[0]}
	}
	return len(of) == 2 && of[0].Op == syntax.OpLiteral && string(of[0].Rune) == "/" && of[1].Op == syntax.OpEndText
}

// Find says whether a path matches, and where.
func (e *Expression) Find(path []byte, at *Match) bool {
	n := 0
	for i := range e.parts {
		switch p := &e.parts[i]; p.kind {
		case plainText:
			if !p.begins(path[n:]) {
				return false
			}
			n += len(p.text)
		case plainSegment:
			if n < len(path) {
				if path[n] != '/' {
					return false
				}
				n++
			}
		case plainRest:
			n = len(path)
		case plainEnd:
			if n < len(path) {
				return false
			}
		case plainOpen:
			at[2*p.group] = n
		case plainClose:
			at[2*p.group+1] = n
		}
	}
	at[0], at[1] = 0, n
	return true
}

func (p *part) begins(path []byte) bool {
	if len(path) < len(p.text) {
		return false
	}
	if !p.folded {
		return string(path[:len(p.text)]) == p.text
	}
	for i := range len(p.text) {
		c := path[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != p.text[i] {
			return false
		}
	}
	return true
}
