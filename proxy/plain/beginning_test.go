// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"regexp"
	"strings"
	"testing"
)

// whole returns an expression that matches only whole texts.
func whole(expression string) string { return `\A(?:` + expression + `)\z` }

func TestBeginningsOfExpressions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ expression, allowed, refused string }{
		{"/api/v1/.*", "/api/v1/ /api/v1/x /api/v1/é", "/ /api/v1 /api/v2/ /API/v1/ /api/v1"},
		{"/api/(v|version)7/x", "/api/v7/x /api/version7/x", "/api/v6/x /api/w7/x /api/v"},
		{"(?i)/Cask(/|$)(.*)", "/cask /CASK/x /ca\u017fk /cas\u212a/x", "/casj /bask"},
		{"/(é|abc)", "/é /abc", "/abd / /abcd"},
		{"[^/]*/x", "/x a/x é/x", ""},
		{"(a|b|)", "a b", "c"},
		{"/a{3}b?", "/aaa /aaab", "/aab /aa"},
		{"/.{40}", "/" + strings.Repeat("x", 40), "/ x"},
	} {
		b := BeginningOf(whole(test.expression))
		for _, text := range strings.Fields(test.allowed) {
			if !b.Allows([]byte(text)) {
				t.Errorf("%s: %q is ruled out, %+v", test.expression, text, b)
			}
		}
		for _, text := range strings.Fields(test.refused) {
			if b.Allows([]byte(text)) {
				t.Errorf("%s: %q is not ruled out, %+v", test.expression, text, b)
			}
		}
	}
}

// Whatever an expression matches, its beginning must allow.
func FuzzBeginning(f *testing.F) {
	for _, seed := range []struct{ expression, text string }{
		{"/api/v[0-9]+/.*", "/api/v12/x"}, {"(?i)/app(/|$)(.*)", "/APP/\u017f"}, {"(é|ab)c?", "éc"}, {"\\b(a|bc)+\\b", "abcbc"},
		{"a*?(b|)$|x{2,5}", "xxx"}, {"[^a-y\\x{80}-\\x{ff}]+z", "\xffz"}, {"(?s)(?:.)*", "\n"},
	} {
		f.Add(seed.expression, seed.text)
	}
	f.Fuzz(func(t *testing.T, expression, text string) {
		if _, err := regexp.Compile(expression); err != nil || len(expression) > 200 {
			return
		}
		compiled := regexp.MustCompile(whole(expression))
		if b := BeginningOf(compiled.String()); compiled.MatchString(text) && !b.Allows([]byte(text)) {
			t.Fatalf("%q matches %q, and %+v rules it out", expression, text, b)
		}
	})
}
