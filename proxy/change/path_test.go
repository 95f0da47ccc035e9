// SPDX-License-Identifier: Apache-2.0

package change

import (
	"errors"
	"strings"
	"testing"
)

// The table of the Gateway API for ReplacePrefixMatch, and what it leaves open.
func TestPrefixIsReplacedByWholeSegments(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ path, prefix, replacement, want string }{
		{"/foo/bar", "/foo", "/xyz", "/xyz/bar"},
		{"/foo/bar", "/foo", "/xyz/", "/xyz/bar"},
		{"/foo/bar", "/foo/", "/xyz", "/xyz/bar"},
		{"/foo/bar", "/foo/", "/xyz/", "/xyz/bar"},
		{"/foo", "/foo", "/xyz", "/xyz"},
		{"/foo/", "/foo", "/xyz", "/xyz/"},
		{"/foo/bar", "/foo", "", "/bar"},
		{"/foo/", "/foo", "", "/"},
		{"/foo", "/foo", "", "/"},
		{"/foo/", "/foo", "/", "/"},
		{"/foo", "/foo", "/", "/"},
		{"/foo", "/foo", "/xyz/", "/xyz/"},
		{"/bar", "/", "/xyz", "/xyz/bar"},
		{"/", "/", "/xyz", "/xyz/"},
		{"/foobar", "/foo", "/xyz", "/foobar"},
		{"/foo%2Fbar", "/foo", "/xyz", "/foo%2Fbar"},
		{"/foo/a%2Fb", "/foo", "/x%2Fy", "/x%2Fy/a%2Fb"},
	} {
		c := Path{Prefix: test.prefix, Replacement: test.replacement}
		if got := changed(t, &c, test.path); got != test.want {
			t.Errorf("%s with %q in place of %s: got %q, want %q", test.path, test.replacement, test.prefix, got, test.want)
		}
	}
}

func TestWhatAnExpressionMatchesIsReplaced(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ path, expression, substitution, want string }{
		{"/api/v1/users", "^/api/(.*)$", "/$1", "/v1/users"},
		{"/other", "^/api/(.*)$", "/$1", "/other"},
		{"/a/b", "^/(?P<first>[^/]+)/(?P<second>.*)$", "/${second}/${first}", "/b/a"},
		{"/a/a", "/a", "/b", "/b/a"},
		{"/api/%2E", "x", "y", "/api/%2E"},
		{"/x", "^/x$", "", "/"},
		// What comes out is made canonical again.
		{"/x/y", "^/x/", "//z//", "/z/y"},
		{"/x/y", "^/x/", "/a/../b/%61/", "/b/a/y"},
		{"/x", "^/x$", "/caf%c3%a9", "/caf%C3%A9"},
	} {
		c := Path{Expression: test.expression, Substitution: test.substitution}
		if got := changed(t, &c, test.path); got != test.want {
			t.Errorf("%s with %q in place of %s: got %q, want %q", test.path, test.substitution, test.expression, got, test.want)
		}
	}
}

func TestASubstitutionThatMakesNoPathIsRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ path, expression, substitution string }{
		{"/x/y", "^/x/", ""},                     // it does not begin with a slash
		{"/x/y", "^/x/", "http://evil.example/"}, // likewise
		{"/x/y", "^/x/", "/../"},                 // it climbs above the root
		{"/x" + strings.Repeat("y", 4<<10), "^/x(.*)$", "/$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1"}, // it is too long
	} {
		c, err := (&Path{Expression: test.expression, Substitution: test.substitution}).Compile(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := c.Apply(nil, []byte(test.path)); err == nil {
			t.Errorf("%q in place of %s: got %.40q, want an error", test.substitution, test.expression, got)
		}
	}
	if _, err := (&Path{Expression: "("}).Compile(nil); err == nil {
		t.Error("an expression that is none compiles")
	}
}

// changed returns what a canonical path becomes. It fails where the second time, with the memory of the first, differs.
func changed(t *testing.T, of *Path, path string) string {
	t.Helper()
	c, err := of.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	first, room, err := c.Apply(make([]byte, 0, 16), []byte(path))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	got := string(first)
	if _, _, err := c.Apply(room, []byte(path)); err != nil || string(first) != got {
		t.Errorf("%s: %q was written over by %q (%v)", path, got, first, err)
	}
	return got
}

func TestChangingAPathTakesNoMemory(t *testing.T) {
	buf, path := make([]byte, 0, 256), []byte("/api/v1/users")
	for name, change := range map[string]Path{
		"none": {}, "replace": {Replace: "/x"}, "prefix": {Prefix: "/api", Replacement: "/x"},
		"an expression that does not match": {Expression: "^/other"},
	} {
		c, err := change.Compile(nil)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { _, _, _ = c.Apply(buf, path) }); n != 0 {
			t.Errorf("%s: %v allocations, want none", name, n)
		}
	}
}

func TestAPlainExpressionIsNotCompiled(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]bool{"": false, "^/shop(/|$)(.*)": false, "/shop(.*)": true, "(": true} {
		if got := (&Path{Expression: expression, Substitution: "/"}).Compiles(); got != want {
			t.Errorf("%q is compiled: %t, want %t", expression, got, want)
		}
	}
}

func TestAChangeByAPlainExpressionAllocatesNothing(t *testing.T) {
	c, err := (&Path{Expression: "(?i)^/shop(/|$)(.*)", Substitution: "/x/$2"}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	buf, path := make([]byte, 0, 256), []byte("/SHOP/cart/17")
	if n := testing.AllocsPerRun(100, func() {
		if made, _, err := c.Apply(buf, path); err != nil || string(made) != "/x/cart/17" {
			t.Errorf("got %s %v", made, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A group may occur in a substitution many times. The path that would come out is refused before it is made.
func TestSubstitutionsThatAreTooLongTakeNoMemory(t *testing.T) {
	t.Parallel()
	path := []byte("/" + strings.Repeat("x", 60_000))
	for _, expression := range []string{"^/(.*)", "^/([a-z]*)"} { // The first is plain.
		change, err := (&Path{Expression: expression, Substitution: "/" + strings.Repeat("$1", 4000)}).Compile(nil)
		if err != nil {
			t.Fatal(err)
		}
		_, room, err := change.Apply(nil, path)
		if !errors.Is(err, errLongPath) || cap(room) > 2*longestPath {
			t.Errorf("%s: %v, with %d bytes of memory", expression, err, cap(room))
		}
	}
}
