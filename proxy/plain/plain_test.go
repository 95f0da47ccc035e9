// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

func TestWhichExpressionsArePlain(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]bool{
		"^/shop(/|$)(.*)": true, "(?i)^/shop(/|$)(.*)": true, "(?i)^/shop($|/)(.*)$": true, "^/api/(.*)": true, "^/api": true, "^/api$": true,
		"^(/v1)(/|$)(?P<rest>.*)": true, "^(?i:/a)(?-i:/b)(.*)": true, `^/v1\.0/(.*)`: true, "^()": true, "(^/a)(.*)": true, "^": true,
		"": false, "/shop(.*)": false, "^/shop(.*?)": false, "^/[ab](.*)": false, "^/shop/?(.*)": false, "^/a|/b": false, "^/(.*)x": false,
		"^/a(.*)(.*)": false, "^/caf\u00e9(.*)": false, "^/a(?m:$)": false, "^/a^": false, "(": false, "^" + strings.Repeat("(a)", 10): false,
	} {
		if got := Read(expression, "/$1") != nil; got != want {
			t.Errorf("%s is plain: %t, want %t", expression, got, want)
		}
	}
}

// A plain expression makes the same path as the expression itself.
func TestAPlainExpressionReplacesAsTheExpressionDoes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 11))
	parts := []string{"/", "/a", "B", "k", ".", `\.`, "(/|$)", "($|/)", "(.*)", ".*", "$", "(/a)", "(b(/|$))", "(?P<n>", ")", "()", "(?i)", "(?-i)", "(?:", "(?s)"}
	pieces := []string{"/", "/a", "/A", "b", "B", "K", "s", ".", "x"}
	substitutions := []string{"/$2", "/$1", "/x/${2}y", "/$1x", "$$/$", "/${n}/$0", "", "$9$10", "/${", "/$n$1_", "$01"}
	plain, matched := 0, 0
	for range 100_000 {
		expression := "^"
		if r.IntN(3) == 0 {
			expression = "(?i)^"
		}
		for range r.IntN(6) {
			expression += parts[r.IntN(len(parts))]
		}
		substitution := substitutions[r.IntN(len(substitutions))]
		e := Read(expression, substitution)
		if e == nil {
			continue
		}
		plain++
		compiled := regexp.MustCompile(expression)
		for range 5 {
			path := "/"
			for range r.IntN(4) {
				path += pieces[r.IntN(len(pieces))]
			}
			at := compiled.FindStringSubmatchIndex(path)
			var in Match
			ok := e.Find([]byte(path), &in)
			if ok != (at != nil) {
				t.Fatalf("%s matches %s: %t, want %t", expression, path, ok, at != nil)
			}
			if !ok {
				continue
			}
			matched++
			got, ok := e.Substitution.Replace([]byte("before"), []byte(path), in[:], 1000)
			if !ok {
				t.Fatalf("%s by %q is too long", expression, substitution)
			}
			want := "before" + string(compiled.ExpandString(nil, substitution, path, at)) + path[at[1]:]
			if string(got) != want {
				t.Fatalf("%s by %q with %s: %q, want %q", expression, substitution, path, got, want)
			}
		}
	}
	if plain < 5000 || matched < 5000 {
		t.Errorf("%d expressions were plain, and %d paths matched", plain, matched)
	}
}

func TestAPlainExpressionAllocatesNothing(t *testing.T) {
	e := Read("(?i)^/shop(/|$)(.*)", "/x/$2")
	buf, path := make([]byte, 0, 256), []byte("/SHOP/cart/17")
	if n := testing.AllocsPerRun(100, func() {
		var at Match
		if !e.Find(path, &at) {
			t.Error("it does not match")
		}
		if made, ok := e.Substitution.Replace(buf, path, at[:], 1000); !ok || string(made) != "/x/cart/17" {
			t.Errorf("got %s", made)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTemplatesAreFilledInAsByRegexp(t *testing.T) {
	t.Parallel()
	expression := regexp.MustCompile(`(a)(?P<name>b)?(c)`)
	const text = "xacx"
	at := expression.FindStringSubmatchIndex(text)
	for _, template := range []string{
		"", "$", "$$", "$$1", "$1x", "${1}x", "$1-$2-$3", "${name}|$name|${nam}", "${1", "$}", "$ 1", "$01", "$99999999999", "${}", "a$é$1", "$_", "$0",
	} {
		got, ok := ReadTemplate(expression.SubexpNames(), template).Fill(nil, []byte(text), at, 1000)
		if want := expression.ExpandString(nil, template, text, at); !ok || string(got) != string(want) {
			t.Errorf("%q: %q, want %q", template, got, want)
		}
	}
}
