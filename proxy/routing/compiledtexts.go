// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"regexp"

	"github.com/warren-dev/ingress/proxy/plain"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// compiledText is a regular expression that was compiled. Routes of all hosts and generations that have the same text
// share it: it may take a hundred kilobytes, and matching changes nothing of it.
type compiledText struct {
	// whole matches only whole values. Nil if nothing asks for that.
	whole *regexp.Regexp
	// beginning is what every value begins with that whole matches.
	beginning plain.Beginning
	// part matches parts of values. Nil if nothing asks for that.
	part *regexp.Regexp
}

// textKey is a text, and whether parts of values are matched by it.
type textKey struct {
	text string
	part bool
}

// textCompiler compiles an expression. It fails if the text is none.
type textCompiler func(text string) (*compiledText, error)

// whole compiles an expression that matches whole values.
func (c textCompiler) whole(text string) (*regexp.Regexp, int, error) {
	compiled, err := c(text)
	if err != nil {
		return nil, 0, err
	}
	return compiled.whole, compiled.beginning.Size, nil
}

// compileText is the textCompiler that shares nothing.
func compileText(text string) (*compiledText, error) {
	whole, err := snapshot.WholeExpression(text)
	if err != nil {
		return nil, err
	}
	return &compiledText{whole: whole, beginning: plain.BeginningOf(whole.String())}, nil
}

// compilePart compiles an expression that matches parts of values.
func compilePart(text string) (*compiledText, error) {
	part, err := regexp.Compile(text)
	return &compiledText{part: part}, err
}

// textsFor returns a compiler of the expressions of a host that match whole values.
func (s *State) textsFor(table *hostTable) textCompiler {
	return func(text string) (*compiledText, error) { return s.text(textKey{text: text}, compileText, table) }
}

// partsFor returns a compiler of the expressions of a host that match parts of values.
func (s *State) partsFor(table *hostTable) func(text string) (*regexp.Regexp, error) {
	return func(text string) (*regexp.Regexp, error) {
		compiled, err := s.text(textKey{text: text, part: true}, compilePart, table)
		if err != nil {
			return nil, err
		}
		return compiled.part, nil
	}
}

// text returns a text compiled for a host. It compiles only what no host has yet, neither of this generation nor of the
// one before. It notes in the table that the host has it.
func (s *State) text(key textKey, compile textCompiler, table *hostTable) (*compiledText, error) {
	compiled, ok := s.texts.Get(key)
	if !ok {
		var err error
		if compiled, err = compile(key.text); err != nil {
			return nil, err
		}
		s.texts.Add(key, compiled)
	}
	table.texts = append(table.texts, key)
	return compiled, nil
}
