// SPDX-License-Identifier: Apache-2.0

package escape

import "testing"

func TestWhatIsEscaped(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ got, want []byte }{
		"a path":            {AppendPath(nil, []byte("/a b?c%d\xe9\n|~;&")), []byte("/a%20b%3Fc%25d%E9%0A%7C~;&")},
		"an argument":       {AppendArgument(nil, []byte("a b&c+d;e/f")), []byte("a%20b%26c%2Bd%3Be/f")},
		"a query":           {AppendQuery(nil, []byte("a=b c\n#%20\xe9&d")), []byte("a=b%20c%0A%23%20%E9&d")},
		"no escapes":        {AppendPlain(nil, []byte("/a%20b%2F%41%c3%A9")), []byte("/a b/A\xc3\xa9")},
		"what is no escape": {AppendPlain(nil, []byte("/%zz%4%")), []byte("/%zz%4%")},
		"a redirect":        {AppendRedirect([]byte("x"), []byte("/a%20b%41%2f%c3?c%41")), []byte("x/a%20bA/%c3?c%41")},
	} {
		if string(test.got) != string(test.want) {
			t.Errorf("%s: got %q, want %q", name, test.got, test.want)
		}
	}
}
