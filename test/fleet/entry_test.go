// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"cmp"
	"slices"
	"strings"
	"testing"
)

// entry is a difference that is right.
type entry struct {
	// servers are names. Without one, it is about all.
	servers string
	// cases, ways and aspects are patterns with "*" for any text, with " || " between several. Without one, all ways are
	// meant. An aspect is compared without the number of its step.
	cases, ways, aspects string
	// sometimes is set if it depends on what comes first at the server, so that a run may do without.
	sometimes bool
	// got is what comes in place of the server's own. If it is empty, the entry is about whatever comes.
	got string
	why string
}

// nothing is got where an aspect is not there.
const nothing = "nothing"

func (e entry) matches(d difference) bool {
	_, aspect := split(d.aspect)
	return e.about(d.server) && like(e.cases, d.testCase) && (e.ways == "" || like(e.ways, d.way)) && like(e.aspects, aspect) &&
		(e.got == "" || e.got == cmp.Or(d.shown(), nothing))
}

func (e entry) about(server string) bool {
	return e.servers == "" || slices.Contains(strings.Fields(e.servers), server)
}

// like compares with patterns.
func like(patterns, text string) bool {
	return slices.ContainsFunc(strings.Split(patterns, " || "), func(pattern string) bool { return isLike(pattern, text) })
}

// isLike compares with one pattern, in which "*" is any text, slashes too.
func isLike(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	for _, part := range parts[1 : len(parts)-1] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"a*", "ab", true}, {"*b", "ab", true}, {"*b", "abc", false}, {"*", "", true},
		{"a*c*e", "abcde", true}, {"a*c*e", "abde", false}, {"ab*b", "ab", false}, {"x || a*", "ab", true}, {"*/%zz", "GET /a/%zz", true},
	} {
		if got := like(test.pattern, test.text); got != test.want {
			t.Errorf("%q like %q is %v, want %v", test.text, test.pattern, got, test.want)
		}
	}
}

// listed returns the place of the first entry for the difference in the list, -1 if there is none.
func (d difference) listed() int {
	return slices.IndexFunc(listed, func(e entry) bool { return e.matches(d) })
}
