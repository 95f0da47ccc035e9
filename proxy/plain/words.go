// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// Words is a regular expression that asks for one of a few texts, anywhere or at an end, such as "(?i)(bot|crawler)",
// "\.(jpg|png)$" or "^(GET|HEAD)$". Most conditions of snippets have one. To look for the texts takes a tenth of what
// RE2 takes. It knows nothing of groups.
type Words struct {
	words []string
	// folded is set if the words are in lower case, and match in any case.
	folded bool
	// begins and ends are set if a word has to be at the beginning of the text, and at its end.
	begins, ends bool
	// first are the characters that a word can begin with.
	first asciiSet
}

// mostWords bounds the texts. Three alternatives in each of four places are 81 already.
const mostWords = 64

// ReadWords returns an expression as words, or nil if it is something else.
func ReadWords(text string) *Words {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil
	}
	w := &Words{}
	parts := []*syntax.Regexp{parsed}
	if parsed.Op == syntax.OpConcat {
		parts = parsed.Sub
	}
	if len(parts) > 0 && parts[0].Op == syntax.OpBeginText {
		w.begins, parts = true, parts[1:]
	}
	if n := len(parts); n > 0 && parts[n-1].Op == syntax.OpEndText {
		w.ends, parts = true, parts[:n-1]
	}
	w.folded = slices.ContainsFunc(parts, folds)
	words, ok := w.follow(parts)
	if !ok || slices.Contains(words, "") {
		return nil
	}
	for _, word := range words {
		w.first.add(word[0])
		if w.folded && 'a' <= word[0] && word[0] <= 'z' {
			w.first.add(word[0] &^ 0x20)
		}
	}
	w.words = words
	return w
}

// folds returns whether a text of an expression matches in any case.
func folds(of *syntax.Regexp) bool {
	if of.Op == syntax.OpLiteral {
		return of.Flags&syntax.FoldCase != 0 && hasLetter(string(of.Rune))
	}
	return slices.ContainsFunc(of.Sub, folds)
}

func hasLetter(text string) bool { return strings.ContainsFunc(text, unicode.IsLetter) }

// follow returns the texts of expressions that follow one another.
func (w *Words) follow(parts []*syntax.Regexp) (words []string, ok bool) {
	words = []string{""}
	for _, part := range parts {
		further, ok := w.expand(part)
		if !ok || len(words)*len(further) > mostWords {
			return nil, false
		}
		var longer []string
		for _, word := range words {
			for _, more := range further {
				longer = append(longer, word+more)
			}
		}
		words = longer
	}
	return words, true
}

// expand returns the texts that an expression matches. ok is false if they are too many, or if not all of them match in
// the same cases.
func (w *Words) expand(of *syntax.Regexp) (words []string, ok bool) {
	switch of.Op {
	case syntax.OpEmptyMatch:
		return []string{""}, true
	case syntax.OpLiteral:
		text := string(of.Rune)
		if w.folded {
			if of.Flags&syntax.FoldCase == 0 && hasLetter(text) {
				return nil, false
			}
			text = strings.ToLower(text)
		}
		return []string{text}, isASCII(text)
	case syntax.OpCharClass:
		return w.characters(of)
	case syntax.OpCapture, syntax.OpConcat:
		return w.follow(of.Sub)
	case syntax.OpQuest:
		words, ok = w.expand(of.Sub[0])
		return append(words, ""), ok
	case syntax.OpAlternate:
		for _, sub := range of.Sub {
			further, ok := w.expand(sub)
			if words = append(words, further...); !ok || len(words) > mostWords {
				return nil, false
			}
		}
		return words, true
	}
	return nil, false
}

// characters returns those of a class. A class that folds has letters in both cases, and perhaps the two characters
// beyond ASCII that are letters of ASCII in another case.
func (w *Words) characters(of *syntax.Regexp) (words []string, ok bool) {
	has := func(c rune) bool {
		for i := 0; i < len(of.Rune); i += 2 {
			if of.Rune[i] <= c && c <= of.Rune[i+1] {
				return true
			}
		}
		return false
	}
	for i := 0; i < len(of.Rune); i += 2 {
		for c := of.Rune[i]; c <= of.Rune[i+1]; c++ {
			switch {
			case len(words) == mostWords:
				return nil, false
			case !w.folded && c >= 0x80:
				return nil, false
			case !w.folded:
				words = append(words, string(c))
			case c >= 0x80 && unicode.SimpleFold(c) >= 0x80:
				return nil, false
			case c >= 0x80 || 'A' <= c && c <= 'Z' && has(c|0x20): // the letter in lower case stands for it
			case 'a' <= c && c <= 'z' && !has(c&^0x20), 'A' <= c && c <= 'Z':
				return nil, false
			default:
				words = append(words, string(c))
			}
		}
	}
	return words, true
}

// In says whether the expression matches a text. known is false if that cannot be said: two characters beyond ASCII are
// letters of ASCII in another case.
func (w *Words) In(text []byte) (found, known bool) {
	if w.begins || w.ends {
		for _, word := range w.words {
			if n := len(word); n == len(text) || n < len(text) && (!w.begins || !w.ends) {
				at := text[:n]
				if !w.begins {
					at = text[len(text)-n:]
				}
				if w.equal(at, word) {
					return true, true
				}
			}
		}
		return false, !w.folded || !slices.ContainsFunc(text, beyondASCII)
	}
	for i, c := range text {
		if c >= 0x80 {
			if w.folded {
				return false, false
			}
			continue
		}
		if !w.first.has(c) {
			continue
		}
		for _, word := range w.words {
			if len(word) <= len(text)-i && w.equal(text[i:i+len(word)], word) {
				return true, true
			}
		}
	}
	return false, true
}

func beyondASCII(c byte) bool { return c >= 0x80 }

// equal compares a text with a word of the same length.
func (w *Words) equal(text []byte, word string) bool {
	if !w.folded {
		return string(text) == word
	}
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}
