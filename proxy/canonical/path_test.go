// SPDX-License-Identifier: Apache-2.0

package canonical

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
	"testing"
)

func TestPathHasOneCanonicalSpelling(t *testing.T) {
	tests := map[string]struct {
		path, want string
		err        error
	}{
		"the root":                               {path: "/", want: "/"},
		"a plain path":                           {path: "/a/b.c/d-e_f~g", want: "/a/b.c/d-e_f~g"},
		"a trailing slash":                       {path: "/a/", want: "/a/"},
		"two slashes":                            {path: "//", want: "/"},
		"slashes at the front":                   {path: "///a", want: "/a"},
		"slashes within":                         {path: "/a//b///c", want: "/a/b/c"},
		"slashes at the end":                     {path: "/a//", want: "/a/"},
		"what looks like an authority":           {path: "//evil.example/a", want: "/evil.example/a"},
		"a dot":                                  {path: "/.", want: "/"},
		"a dot and a slash":                      {path: "/./", want: "/"},
		"a dot within":                           {path: "/a/./b", want: "/a/b"},
		"a dot at the end":                       {path: "/a/.", want: "/a/"},
		"dots in a row":                          {path: "/././a/././b/.", want: "/a/b/"},
		"two dots":                               {path: "/a/..", want: "/"},
		"two dots and a slash":                   {path: "/a/../", want: "/"},
		"two dots within":                        {path: "/a/../b", want: "/b"},
		"two dots up two":                        {path: "/a/b/../../c", want: "/c"},
		"up and down":                            {path: "/a/../b/../c/..", want: "/"},
		"two dots behind slashes":                {path: "/a//../b", want: "/b"},
		"slashes behind two dots":                {path: "/a/..//b", want: "/b"},
		"two dots leave the slash":               {path: "/a/b/..", want: "/a/"},
		"three dots":                             {path: "/...", want: "/..."},
		"a name that begins with dots":           {path: "/..a/.b", want: "/..a/.b"},
		"a name that ends with dots":             {path: "/a../b.", want: "/a../b."},
		"an encoded dot":                         {path: "/a/%2e/b", want: "/a/b"},
		"an encoded dot in upper case":           {path: "/a/%2E/b", want: "/a/b"},
		"two encoded dots":                       {path: "/a/%2e%2E/b", want: "/b"},
		"one of two dots encoded":                {path: "/a/.%2e/b", want: "/b"},
		"the other of two dots encoded":          {path: "/a/%2e./b", want: "/b"},
		"encoded dots at the end":                {path: "/a/%2e%2e", want: "/"},
		"an encoded letter":                      {path: "/%61dmin", want: "/admin"},
		"encoded unreserved characters":          {path: "/%41%7a%30%2D%5f%7E", want: "/Az0-_~"},
		"an encoded slash":                       {path: "/a%2fb", want: "/a%2Fb"},
		"an encoded slash is no separator":       {path: "/a%2f..", want: "/a%2F.."},
		"an encoded slash before dots":           {path: "/a/%2f../b", want: "/a/%2F../b"},
		"an encoded slash behind dots":           {path: "/a/..%2fb", want: "/a/..%2Fb"},
		"encoded slashes in a row":               {path: "/%2F%2f/", want: "/%2F%2F/"},
		"up out of an encoded slash":             {path: "/a%2Fb/../c", want: "/c"},
		"an encoded backslash":                   {path: "/a%5cb", want: "/a%5Cb"},
		"hex in lower case":                      {path: "/%c3%a9%3a", want: "/%C3%A9%3A"},
		"an encoded percent sign":                {path: "/100%25", want: "/100%25"},
		"what would be a dot when decoded twice": {path: "/a/%252e%252e/b", want: "/a/%252e%252e/b"},
		"encoded control characters":             {path: "/%0d%0a%09%7f", want: "/%0D%0A%09%7F"},
		"an encoded space":                       {path: "/a%20b", want: "/a%20b"},
		"an encoded question mark":               {path: "/a%3fb%23c", want: "/a%3Fb%23c"},
		"other characters of a path":             {path: "/!$&'()*+,;=:@", want: "/!$&'()*+,;=:@"},
		"characters that should be encoded":      {path: "/\"<>[]^`{|}", want: "/\"<>[]^`{|}"},
		"parameters of a segment":                {path: "/a;b=c/..;d/e", want: "/a;b=c/..;d/e"},
		"a long way up":                          {path: strings.Repeat("/a", 500) + strings.Repeat("/..", 500), want: "/"},

		"above the root":                          {path: "/..", err: errPathAboveRoot},
		"above the root by a slash":               {path: "/../", err: errPathAboveRoot},
		"above the root and down":                 {path: "/../a", err: errPathAboveRoot},
		"above the root from below":               {path: "/a/../..", err: errPathAboveRoot},
		"above the root behind slashes":           {path: "//..", err: errPathAboveRoot},
		"above the root behind dots":              {path: "/./..", err: errPathAboveRoot},
		"above the root by encoded dots":          {path: "/%2e%2e/etc/passwd", err: errPathAboveRoot},
		"above the root by half encoded dots":     {path: "/a/..%2F/../../..", err: errPathAboveRoot},
		"above the root after many":               {path: strings.Repeat("/a", 99) + strings.Repeat("/..", 100), err: errPathAboveRoot},
		"nothing":                                 {path: "", err: errPathRelative},
		"a name":                                  {path: "a", err: errPathRelative},
		"an asterisk":                             {path: "*", err: errPathRelative},
		"a dot alone":                             {path: ".", err: errPathRelative},
		"a URI":                                   {path: "http://a/", err: errPathRelative},
		"an encoded slash at the front":           {path: "%2F", err: errPathRelative},
		"a backslash at the front":                {path: "\\", err: errPathRelative},
		"a percent sign at the end":               {path: "/%", err: errPathEscape},
		"half an escape at the end":               {path: "/a%2", err: errPathEscape},
		"an escape that is none":                  {path: "/%zz", err: errPathEscape},
		"half an escape":                          {path: "/%2g", err: errPathEscape},
		"an escape cut by a slash":                {path: "/%2/e", err: errPathEscape},
		"an escape beyond hex":                    {path: "/%u002e", err: errPathEscape},
		"an escape with a sign":                   {path: "/%+2e", err: errPathEscape},
		"two percent signs":                       {path: "/%%32%65", err: errPathEscape},
		"an encoded NUL":                          {path: "/a%00.png", err: errPathByte},
		"a raw NUL":                               {path: "/a\x00", err: errPathByte},
		"a tab":                                   {path: "/a\tb", err: errPathByte},
		"CR and LF":                               {path: "/a\r\nb", err: errPathByte},
		"a space":                                 {path: "/a b", err: errPathByte},
		"DEL":                                     {path: "/a\x7f", err: errPathByte},
		"a backslash":                             {path: "/a\\b", err: errPathByte},
		"backslashes and dots":                    {path: "/a/..\\..\\b", err: errPathByte},
		"a byte beyond ASCII":                     {path: "/caf\xc3\xa9", err: errPathByte},
		"a slash in two bytes too many":           {path: "/a\xc0\xaf..", err: errPathByte},
		"a number sign":                           {path: "/a#b", err: errPathByte},
		"a question mark":                         {path: "/a?b", err: errPathByte},
		"a bad byte in a segment that dots leave": {path: "/a%00/../b", err: errPathByte},
		"a bad escape in a segment dots leave":    {path: "/%zz/../b", err: errPathEscape},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := []byte(test.path)
			got, err := Path(nil, path)
			if string(got) != test.want || !errors.Is(err, test.err) {
				t.Errorf("%q: got %q and %v, want %q and %v", test.path, got, err, test.want, test.err)
			}
			if string(path) != test.path {
				t.Errorf("%q was written over by %q", test.path, path)
			}
			checkCanonical(t, test.path)
		})
	}
}

func TestCanonicalPathIsTheSamePathWhereThereIsNothingToDo(t *testing.T) {
	path := []byte("/a/b;c=d/e.f")
	got, err := Path(nil, path)
	if err != nil || &got[0] != &path[0] {
		t.Errorf("got another copy, %v", err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := Path(nil, path); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCanonicalPathIsWrittenToTheBufferItIsGiven(t *testing.T) {
	path, buf := []byte("/a/./%62"), bytes.Repeat([]byte("x"), 64)
	got, err := Path(buf, path)
	if err != nil || string(got) != "/a/b" || &got[0] != &buf[0] {
		t.Errorf("got %q outside of the buffer, %v", got, err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := Path(buf, path); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// plainlyCanonical does what Path does in the plainest way: it decodes, then splits, then resolves.
func plainlyCanonical(path string) (string, error) {
	if !strings.HasPrefix(path, "/") {
		return "", errPathRelative
	}
	const unreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
	decoded := ""
	for i := 0; i < len(path); i++ {
		c := path[i]
		switch {
		case c == '%':
			b, err := url.PathUnescape(path[i:min(i+3, len(path))])
			switch {
			case err != nil:
				return "", errPathEscape
			case b == "\x00":
				return "", errPathByte
			case strings.Contains(unreserved, b):
				decoded += b
			default:
				decoded += strings.ToUpper(path[i : i+3])
			}
			i += 2
		case c <= ' ' || c >= 0x7f || strings.IndexByte(`\#?`, c) >= 0:
			return "", errPathByte
		default:
			decoded += string(rune(c))
		}
	}
	var kept []string
	segments := strings.Split(decoded[1:], "/")
	for i, segment := range segments {
		last := i == len(segments)-1
		switch segment {
		case "", ".":
		case "..":
			if len(kept) == 0 {
				return "", errPathAboveRoot
			}
			kept = kept[:len(kept)-1]
		default:
			kept = append(kept, segment)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/"), nil
}

// checkCanonical checks what Path promises for any path.
func checkCanonical(t *testing.T, path string) {
	t.Helper()
	canonical, err := Path(nil, []byte(path))
	plain, plainErr := plainlyCanonical(path)
	// A path with several faults is refused for whichever is found first.
	if (err == nil) != (plainErr == nil) || string(canonical) != plain {
		t.Fatalf("%q: got %q and %v, plainly %q and %v", path, canonical, err, plain, plainErr)
	}
	if err != nil {
		return
	}
	again, err := Path(nil, canonical)
	if err != nil || !bytes.Equal(again, canonical) {
		t.Errorf("%q: %q is not stable, again it is %q, %v", path, canonical, again, err)
	}
	if canonical[0] != '/' || bytes.Contains(canonical, []byte("//")) {
		t.Errorf("%q: %q is no path of single slashes", path, canonical)
	}
	for _, c := range canonical {
		if c <= ' ' || c >= 0x7f || c == '\\' || c == '?' || c == '#' {
			t.Errorf("%q: %q has the byte %q", path, canonical, c)
		}
	}
	// Whether the result is split and then decoded, or decoded (except for what would become a separator) and then split:
	// no dot segment shows.
	for _, segment := range strings.Split(string(canonical), "/") {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			t.Errorf("%q: the segment %q of %q cannot be decoded: %v", path, segment, canonical, err)
		}
		for _, s := range []string{segment, decoded} {
			if s == "." || s == ".." {
				t.Errorf("%q: %q has the dot segment %q", path, canonical, segment)
			}
		}
		if strings.Contains(decoded, "\x00") {
			t.Errorf("%q: %q holds a NUL", path, canonical)
		}
	}
	kept, err := url.PathUnescape(strings.ReplaceAll(string(canonical), "%2F", "%252F"))
	if err != nil {
		t.Errorf("%q: %q cannot be decoded: %v", path, canonical, err)
	}
	for _, segment := range strings.Split(kept, "/") {
		if segment == "." || segment == ".." {
			t.Errorf("%q: %q has a dot segment when it is decoded", path, canonical)
		}
	}
	// The result means what the path meant: both decode to the same bytes, if there were no dots and slashes to resolve.
	if !strings.Contains(strings.ToLower(strings.ReplaceAll(path, "%2e", ".")), "/.") && !strings.Contains(path, "//") && !strings.Contains(strings.ToLower(path), "/%2e") {
		before, beforeErr := url.PathUnescape(path)
		after, afterErr := url.PathUnescape(string(canonical))
		if beforeErr != nil || afterErr != nil || before != after {
			t.Errorf("%q: %q decodes to %q, was %q", path, canonical, after, before)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, path := range []string{
		"/", "/a/b", "//a//", "/a/./b/../c/.", "/..", "/%2e%2e/a", "/a%2f..%2Fb", "/%252e", "/a%00", "/%", "/%zz", "/a\\b",
		"/;a=b/..;c", "/%c3%A9", "*", "", "/.%2E/", "/a/%2E%2e%2f", "/...", "/a b",
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) { checkCanonical(t, path) })
}

func BenchmarkPath(b *testing.B) {
	for name, path := range map[string]string{
		"canonical already": "/assets/v2/app.3f9c1d.js",
		"with an escape":    "/assets/v2/caf%C3%A9/app.3f9c1d.js",
		"with dots":         "/assets/v1/../v2/./app.3f9c1d.js",
	} {
		b.Run(name, func(b *testing.B) {
			path, buf := []byte(path), make([]byte, 0, 128)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Path(buf, path); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
