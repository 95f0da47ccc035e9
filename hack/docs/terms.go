// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// word is what may be a term.
var word = regexp.MustCompile(`[\p{L}\p{Nd}](?:[\p{L}\p{Nd}'-]*[\p{L}\p{Nd}])?`)

// checkTerms returns the terms on the README's first screen that the glossary does not explain. The first screen is
// what comes before the second heading. A term is a word with a capital letter that does not begin a sentence, or with
// one behind its first letter. The glossary explains what it prints in bold.
func checkTerms(readme, glossary *page) (faults []fault) {
	explained := map[string]bool{}
	for _, bold := range glossary.strong {
		for _, w := range word.FindAllString(bold, -1) {
			explained[singular(w)] = true
		}
	}
	headings := 0
	for _, part := range readme.prose {
		if part.isHeading {
			headings++
		}
		if headings > 1 {
			break
		}
		for _, sentence := range sentences(part.text) {
			for i, w := range word.FindAllString(sentence, -1) {
				if isTerm(w, i == 0) && !explained[singular(w)] {
					faults = append(faults, fault{readme.name, part.line, fmt.Sprintf("the glossary does not explain %q", w)})
				}
			}
		}
	}
	return faults
}

func isTerm(word string, isFirst bool) bool {
	for i, c := range word {
		if unicode.IsUpper(c) && (i > 0 || !isFirst) {
			return true
		}
	}
	return false
}

// singular returns a word in lower case, and of a plural in s what it is the plural of.
func singular(word string) string { return strings.TrimSuffix(strings.ToLower(word), "s") }
