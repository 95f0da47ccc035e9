// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// maxWords is how many words a sentence may have.
const maxWords = 30

// sentenceEnd is where one sentence ends and another begins. A name such as gRPC may begin one.
var sentenceEnd = regexp.MustCompile("[.?!][)\"”*]*\\s+[(\"“*]*\\p{Ll}*[\\p{Lu}\\p{Nd}`]")

// codeSpans are code in a sentence, or several with commas between. They count as one word.
var codeSpans = regexp.MustCompile("`[^`]*`(?:, `[^`]*`)*")

// checkSentences returns the sentences of a page that are too long.
func checkSentences(p *page) (faults []fault) {
	for _, part := range p.prose {
		for _, sentence := range sentences(part.text) {
			if words := countWords(sentence); words > maxWords {
				faults = append(faults, fault{p.name, part.line, fmt.Sprintf("a sentence of %d words, and %d are allowed: %s", words, maxWords, sentence)})
			}
		}
	}
	return faults
}

// sentences splits a passage.
func sentences(text string) (split []string) {
	for {
		end := sentenceEnd.FindStringIndex(text)
		if end == nil {
			return append(split, text)
		}
		next := end[0] + strings.IndexFunc(text[end[0]:], unicode.IsSpace)
		split = append(split, text[:next])
		text = strings.TrimSpace(text[next:])
	}
}

// countWords returns how many words a sentence has. What has neither a letter nor a digit is no word.
func countWords(sentence string) (count int) {
	for _, word := range strings.Fields(codeSpans.ReplaceAllString(sentence, "code")) {
		if strings.ContainsFunc(word, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) }) {
			count++
		}
	}
	return count
}
