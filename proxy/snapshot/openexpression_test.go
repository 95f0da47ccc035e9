// SPDX-License-Identifier: Apache-2.0

package snapshot_test

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestWhatAnOpenExpressionIsComparedWith(t *testing.T) {
	t.Parallel()
	const anything, segment, end, match = snapshot.ThenAnything, snapshot.ThenSegment, snapshot.ThenEnd, snapshot.ThenMatch
	long := strings.Repeat("x", snapshot.MaxClosedText-1)
	for path, want := range map[string]snapshot.OpenExpression{
		"/":                    {"/", anything},
		"/Shop":                {"/shop", anything},
		"/shop/":               {"/shop/", anything},
		"/shop(/|$)(.*)":       {"/shop", segment},
		"/shop($|/)(.*)":       {"/shop", segment},
		"/shop(/|$)":           {"/shop", segment},
		"/shop(?:/(.*)|$)":     {"/shop", segment},
		"/shop/(.*)":           {"/shop/", anything},
		"/shop/?(.*)":          {"/shop", anything},
		"/(.*)":                {"/", anything},
		"/shop$":               {"/shop", end},
		"/v1.0":                {"/v1", match},
		`/v1\.0(/|$)(.*)`:      {"/v1.0", segment},
		"/(shop)/(?P<id>.*)":   {"/shop/", anything},
		"/item/[0-9]+":         {"/item/", match},
		"/shop(/|$).+":         {"/shop", match},
		"/s(?-i:hop)":          {"/s", match},
		"/a|/b":                {"", match},
		"/(a|b)/x":             {"/", match},
		"/(?-i)Shop":           {"/", match},
		"/shop(?:/|$|-)":       {"/shop", match},
		"/caf\u00e9":           {"/caf", match},
		"/" + long:             {"/" + long, anything},
		"/" + long + "xx[0-9]": {"/" + long, match},
	} {
		got, err := snapshot.ReadOpenExpression(path)
		if err != nil || got != want {
			t.Errorf("%s: %+v %v, want %+v", path, got, err, want)
		}
	}
	for _, path := range []string{"/(", "/a(?!b)", `/a\1`, "/[z-a]"} {
		if got, err := snapshot.ReadOpenExpression(path); err == nil {
			t.Errorf("%s is read as %+v", path, got)
		}
	}
}

// holds compares a path as the data plane does.
func holds(e snapshot.OpenExpression, pattern *regexp.Regexp, path string) bool {
	if len(path) < len(e.Text) || !strings.EqualFold(path[:len(e.Text)], e.Text) {
		return false
	}
	rest := path[len(e.Text):]
	switch e.Then {
	case snapshot.ThenAnything:
		return true
	case snapshot.ThenSegment:
		return rest == "" || rest[0] == '/'
	case snapshot.ThenEnd:
		return rest == ""
	}
	return pattern.MatchString(path)
}

// What is read of an expression says the same as the expression itself.
func TestAnOpenExpressionIsReadAsItMatches(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 1))
	parts := []string{"/", "a", "B", "k", "S", ".", "(/|$)", "($|/)", "(.*)", ".*", "/?", "$", "|", "(a|b)", "[ab]", "(?:/a|$)", "(/(.*))?", "a+", "b*", "(?-i)", "(?i)", "^", `\.`, "(a", ")", "x{0,2}", "()"}
	pieces := []string{"/", "a", "A", "b", "K", "s", ".", "x", "ab", "//"}
	kinds, matched := map[snapshot.Continuation]int{}, 0
	for range 30_000 {
		path := "/"
		for range r.IntN(6) {
			path += parts[r.IntN(len(parts))]
		}
		e, err := snapshot.ReadOpenExpression(path)
		if err != nil {
			continue
		}
		pattern, err := regexp.Compile(snapshot.OpenExpressionPattern(path))
		if err != nil {
			t.Fatalf("%s is read, and does not compile: %v", path, err)
		}
		kinds[e.Then]++
		for range 10 {
			request := "/"
			for range r.IntN(5) {
				request += pieces[r.IntN(len(pieces))]
			}
			want := pattern.MatchString(request)
			if got := holds(e, pattern, request); got != want {
				t.Fatalf("%s, read as %+v, matches %s: %t, want %t", path, e, request, got, want)
			}
			if want {
				matched++
			}
		}
	}
	for then := snapshot.ThenAnything; then <= snapshot.ThenMatch; then++ {
		if kinds[then] < 100 {
			t.Errorf("only %d of the expressions are followed by %d", kinds[then], then)
		}
	}
	if matched < 10_000 {
		t.Errorf("only %d requests matched", matched)
	}
}
