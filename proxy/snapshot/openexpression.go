// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"regexp/syntax"
	"strings"
)

// OpenExpression is what a [MatchOpenExpression] compares paths with. Most are a text and what has to follow it, so no
// regular expression has to be asked.
type OpenExpression struct {
	// Text is what every path begins with that matches, in lower case. It is compared in any case, and has at most
	// [MaxClosedText] bytes.
	Text string
	// Then is what has to follow the text.
	Then Continuation
}

// Continuation is what an open expression wants of the rest of a path, behind its text.
type Continuation uint8

const (
	// ThenAnything wants nothing of it.
	ThenAnything Continuation = iota
	// ThenSegment wants the end of the path or a slash.
	ThenSegment
	// ThenEnd wants the end of the path.
	ThenEnd
	// ThenMatch leaves it to the regular expression, which a part of the path has to match: see [OpenExpressionPattern].
	ThenMatch
)

// OpenExpressionPattern returns the regular expression that the path of a [MatchOpenExpression] stands for. A path
// matches if a part of it does. That part is its beginning, unless the author found a way out, as in "/a|/b".
func OpenExpressionPattern(path string) string { return "(?i)^" + path }

// ReadOpenExpression reads the path of a [MatchOpenExpression]. It fails if that is no regular expression.
func ReadOpenExpression(path string) (OpenExpression, error) {
	parsed, err := syntax.Parse(OpenExpressionPattern(path), syntax.Perl)
	if err != nil {
		return OpenExpression{}, err
	}
	parts := sequence(nil, parsed)
	if len(parts) == 0 || parts[0].Op != syntax.OpBeginText { // "/a|/b" is bound to the beginning by its first half alone
		return OpenExpression{Then: ThenMatch}, nil
	}
	var text strings.Builder
	for parts = parts[1:]; len(parts) > 0 && parts[0].Op == syntax.OpLiteral; parts = parts[1:] {
		for _, r := range parts[0].Rune {
			if !isPlain(r, parts[0]) || text.Len() == MaxClosedText {
				return OpenExpression{Text: text.String(), Then: ThenMatch}, nil
			}
			text.WriteByte(lower(byte(r)))
		}
	}
	return OpenExpression{Text: text.String(), Then: continuation(parts)}, nil
}

// sequence appends the parts of an expression that follow one another. It does without the groups, which are of no
// account to what matches.
func sequence(parts []*syntax.Regexp, of *syntax.Regexp) []*syntax.Regexp {
	switch of.Op {
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range of.Sub {
			parts = sequence(parts, sub)
		}
		return parts
	case syntax.OpEmptyMatch:
		return parts
	}
	return append(parts, of)
}

// isPlain says whether a character of a text is of ASCII, and may have any case if it is a letter.
func isPlain(r rune, of *syntax.Regexp) bool {
	if r >= 0x80 {
		return false
	}
	c := lower(byte(r))
	return c < 'a' || 'z' < c || of.Flags&syntax.FoldCase != 0
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// continuation returns what the parts of an expression want that follow its text.
func continuation(parts []*syntax.Regexp) Continuation {
	switch parts = needed(parts); {
	case len(parts) == 0:
		return ThenAnything
	case len(parts) == 1 && parts[0].Op == syntax.OpEndText:
		return ThenEnd
	case len(parts) == 1 && parts[0].Op == syntax.OpAlternate && len(parts[0].Sub) == 2:
		one, other := needed(sequence(nil, parts[0].Sub[0])), needed(sequence(nil, parts[0].Sub[1]))
		if isSlash(one) && isEnd(other) || isEnd(one) && isSlash(other) {
			return ThenSegment
		}
	}
	return ThenMatch
}

// needed leaves out the parts at the end that may as well be missing: what follows an open expression does not matter.
func needed(parts []*syntax.Regexp) []*syntax.Regexp {
	for len(parts) > 0 && (parts[len(parts)-1].Op == syntax.OpStar || parts[len(parts)-1].Op == syntax.OpQuest) {
		parts = parts[:len(parts)-1]
	}
	return parts
}

func isSlash(parts []*syntax.Regexp) bool {
	return len(parts) == 1 && parts[0].Op == syntax.OpLiteral && len(parts[0].Rune) == 1 && parts[0].Rune[0] == '/'
}

func isEnd(parts []*syntax.Regexp) bool { return len(parts) == 1 && parts[0].Op == syntax.OpEndText }
