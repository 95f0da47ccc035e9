// SPDX-License-Identifier: Apache-2.0

package canonical

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
)

func TestBytesBeyondASCIIAreEncodedAndNothingElse(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"/a?b=%c3%a9&c":            "/a?b=%c3%a9&c",
		"/caf\xc3\xa9":             "/caf%C3%A9",
		"?q=\xff\x80 \x00":         "?q=%FF%80 \x00",
		"/%\xe4%zz":                "/%%E4%zz",
		"/..\xc0\xaf":              "/..%C0%AF",
		strings.Repeat("\xe9", 20): strings.Repeat("%E9", 20),
	} {
		got := string(AppendEncoded(nil, []byte(text)))
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if IsASCII([]byte(text)) != (got == text) || !IsASCII([]byte(got)) {
			t.Errorf("%q: ASCII %t, and %q: ASCII %t", text, IsASCII([]byte(text)), got, IsASCII([]byte(got)))
		}
		if decoded, err := url.PathUnescape(got); err == nil && url.PathEscape(decoded) != url.PathEscape(unescaped(text)) {
			t.Errorf("%q: %q is decoded to %q", text, got, decoded)
		}
	}
}

// unescaped decodes what is an escape already.
func unescaped(text string) string {
	if decoded, err := url.PathUnescape(text); err == nil {
		return decoded
	}
	return text
}

func TestByteBeyondASCIIIsFoundAtEveryPlace(t *testing.T) {
	for length := range 25 {
		b := bytes.Repeat([]byte{0x7f}, length)
		if !IsASCII(b) {
			t.Errorf("%d bytes of ASCII were taken for others", length)
		}
		for at := range b {
			b[at] = 0x80
			if IsASCII(b) {
				t.Errorf("the byte at %d of %d was not found", at, length)
			}
			b[at] = 0x7f
		}
	}
}
