// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLongSentencesAreFound(t *testing.T) {
	t.Parallel()
	words := func(n int) string { return "W" + strings.Repeat(" w", n-1) }
	for name, test := range map[string]struct {
		text string
		want []int
	}{
		"as long as may be":           {words(30) + ".", nil},
		"one word more":               {words(31) + ".", []int{31}},
		"two that are short":          {words(20) + ". " + words(20) + ".", nil},
		"one within brackets":         {words(20) + ". (" + words(20) + ".) " + words(20) + ".", nil},
		"a name that begins one":      {words(20) + ". gRPC " + words(20) + ".", nil},
		"a number in the midst":       {words(20) + " 1.5 " + words(20) + ".", []int{41}},
		"a line break":                {words(20) + "\n" + words(20) + ".", []int{40}},
		"two paragraphs":              {words(20) + "\n\n" + words(20), nil},
		"two items":                   {"- " + words(20) + "\n- " + words(20), nil},
		"two cells":                   {"| a | b |\n|---|---|\n| " + words(20) + " | " + words(20) + " |", nil},
		"a cell that is too long":     {"| a | b |\n|---|---|\n| a | " + words(31) + " |", []int{31}},
		"code counts as a word":       {words(29) + " `" + words(20) + "`.", nil},
		"several of code too":         {words(29) + " `a`, `b`, `c`.", nil},
		"a link counts by its text":   {words(29) + " [two words](a.md).", []int{31}},
		"a dash is no word":           {words(29) + " - w.", nil},
		"what is shown as a terminal": {"```console\n" + words(60) + "\n```", nil},
		"a heading":                   {"# " + words(31), []int{31}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []int
			for _, part := range readPage("a.md", []byte(test.text)).prose {
				for _, sentence := range sentences(part.text) {
					if n := countWords(sentence); n > maxWords {
						got = append(got, n)
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("words of what is too long (-want +got):\n%s", diff)
			}
		})
	}
	requireSaid(t, checkSentences(readPage("a.md", []byte("Short.\n\nShort. "+words(31)))),
		"a.md:3: a sentence of 31 words, and 30 are allowed: "+words(31))
}
