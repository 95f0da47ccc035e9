// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"regexp"
	"testing"
)

func TestWordsAreReadFromExpressions(t *testing.T) {
	t.Parallel()
	for expression, texts := range map[string][]string{
		"bot":                              {"", "bot", "a bot b", "Bot", "bo", "robots"},
		"(?i)(bot|crawler)":                {"", "BOT", "a bOt", "Crawle", "xcrawlerx", "b\u00f6t", "bo\u212a", "\xffbot"},
		"(?i)(task|kiosk)":                 {"ta\u017fk", "tas\u212a", "TASK", "\u212aio\u017fk", "taxk"},
		"foo|fob|bar|bat":                  {"fo", "foo", "fob", "foc", "ba", "bar", "bat"},
		"(?i)foo|fob":                      {"FOB", "foc", "foO"},
		`\.(?:jpe?g|png)$`:                 {"/a.jpg", "/a.jpeg", "/a.jpegx", "/a.png\n", ".png", "png", "/a.PNG"},
		`(?i)\.php$`:                       {"/a.PHP", "/a.php5", "php", "\u212a.php", "a.ph\u0050"},
		"^(GET|HEAD)$":                     {"GET", "HEAD", "GETS", "get", "", "AHEAD"},
		"^a":                               {"a", "ab", "ba", ""},
		"(?i)^(GET|POST)":                  {"get", "posts", "a get"},
		"[ab]c":                            {"ac", "bc", "cc", "Ac"},
		"(?i)[as]c":                        {"Ac", "SC", "\u017fc", "cc"},
		"a(?:b(?:c|d)|e)f?":                {"abc", "abd", "ae", "ab", "aef", "xabdx"},
		"(?P<name>bot)":                    {"robot", "x"},
		"\u00e9|b":                         nil,
		"(a|)":                             nil,
		"":                                 nil,
		"^$":                               nil,
		"bot.*":                            nil,
		"bo+t":                             nil,
		"(?i:bot)|Crawler":                 nil,
		"(?i:bot)[a-c]":                    nil,
		`\bbot`:                            nil,
		"a^b":                              nil,
		"(?m)a$":                           nil,
		"[a-z][a-z]":                       nil,
		"(a|b|c)(a|b|c)(a|b|c)(a|b)x(c|d)": nil,
	} {
		compiled, w := regexp.MustCompile(expression), ReadWords(expression)
		if (w != nil) != (texts != nil) {
			t.Errorf("%s is read as %+v", expression, w)
			continue
		}
		for _, text := range texts {
			if found, known := w.In([]byte(text)); known && found != compiled.MatchString(text) {
				t.Errorf("%s in %q: got %t", expression, text, found)
			} else if !known && (!w.folded || isASCII(text)) {
				t.Errorf("%s in %q: nothing is known", expression, text)
			}
		}
	}
}

// What is known of words is what RE2 says.
func FuzzWords(f *testing.F) {
	for _, seed := range []struct{ expression, text string }{
		{"(?i)(bot|crawler)", "Googlebot"}, {`\.(jpe?g|png)$`, "/a.jpg"}, {"^(GET|HEAD)$", "GET"}, {"(?i)[sk]x|ka", "\u212aa"}, {"fo[ob]|bar", "\xfffob"},
		{"(?i)(?:a[bB]|)c", "ABC"}, {"(?s)a$|^b", "b"},
	} {
		f.Add(seed.expression, seed.text)
	}
	f.Fuzz(func(t *testing.T, expression, text string) {
		compiled, err := regexp.Compile(expression)
		if err != nil || len(expression) > 200 {
			return
		}
		if w := ReadWords(expression); w != nil {
			if found, known := w.In([]byte(text)); known && found != compiled.MatchString(text) {
				t.Fatalf("%q in %q: got %t, %+v", expression, text, found, w)
			}
		}
	})
}
