// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"regexp"
	"strings"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// compiledText is a regular expression that was compiled. Routes of all hosts and generations that have the same text
// share it: it may take a hundred kilobytes, and matching changes nothing of it.
type compiledText struct {
	// whole matches only whole values.
	whole *regexp.Regexp
	// prefix is what every value begins with that it matches.
	prefix string
}

// textCompiler compiles an expression. It fails if the text is none.
type textCompiler func(text string) (*compiledText, error)

// compileText is the textCompiler that shares nothing.
func compileText(text string) (*compiledText, error) {
	whole, err := snapshot.WholeExpression(text)
	if err != nil {
		return nil, err
	}
	compiled := compiledText{whole: whole}
	// An anchor would hide the text behind it.
	if free, err := regexp.Compile(strings.TrimPrefix(text, "^")); err == nil {
		compiled.prefix, _ = free.LiteralPrefix()
		compiled.prefix = strings.Clone(compiled.prefix) // or it could keep free
	}
	return &compiled, nil
}

// textsFor returns a compiler of the expressions of a host. It compiles only what no host has yet, neither of this
// generation nor of the one before. It notes in the table which expressions the host has.
func (s *State) textsFor(table *hostTable) textCompiler {
	return func(text string) (*compiledText, error) {
		compiled := s.texts[text]
		if compiled == nil {
			var err error
			if compiled, err = compileText(text); err != nil {
				return nil, err
			}
			s.texts[text] = compiled
		}
		table.texts = append(table.texts, text)
		return compiled, nil
	}
}

// keepTexts forgets the expressions that the generation does not have.
func (s *State) keepTexts(g *Generation) {
	if len(s.texts) == 0 {
		return
	}
	kept := make(map[string]*compiledText, len(s.texts))
	g.each(func(t *hostTable) {
		for _, text := range t.texts {
			kept[text] = s.texts[text]
		}
	})
	s.texts = kept
}
