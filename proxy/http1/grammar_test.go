package http1

import (
	"bytes"
	"testing"
)

func TestFieldValueIsCheckedInEveryByteOfEveryLength(t *testing.T) {
	for length := range 25 {
		for at := range length {
			for _, around := range []byte{' ', 'a', 0x80, 0xff, '\t', 0x7e, 0x20} {
				b := bytes.Repeat([]byte{around}, length)
				for c := range 256 {
					b[at] = byte(c)
					want := c >= 0x20 && c != 0x7f || c == '\t'
					if got := isValue(b); got != want {
						t.Fatalf("%q: got %t, want %t", b, got, want)
					}
				}
			}
		}
	}
}

func TestFieldValueIsCheckedBehindABadByte(t *testing.T) {
	// The subtraction that looks at eight bytes at once borrows from the next byte: two bad ones must not hide each other.
	for _, first := range []byte{0x00, 0x1f, 0x7f, '\t', 0x80} {
		for _, second := range []byte{0x00, 0x1f, 0x7f, '\n'} {
			for i := range 8 {
				for j := range 8 {
					if i == j {
						continue
					}
					b := []byte("abcdefgh")
					b[i], b[j] = first, second
					if isValue(b) {
						t.Errorf("%q was taken for a value", b)
					}
				}
			}
		}
	}
}

func TestLengthIsPlainDigitsBelowTwoToThe63(t *testing.T) {
	tests := map[string]struct {
		want int64
		ok   bool
	}{
		"0": {0, true}, "7": {7, true}, "0010": {10, true}, "0000000000000000000": {0, true},
		"9223372036854775807": {9223372036854775807, true},
		"9223372036854775808": {}, "9999999999999999999": {}, "00000000000000000001": {}, "18446744073709551616": {},
		"": {}, " 1": {}, "1 ": {}, "+1": {}, "-1": {}, "1,1": {}, "1.0": {}, "0x1": {}, "1e1": {}, "1_0": {}, "١": {}, "\xb2": {},
	}
	for text, test := range tests {
		if got, ok := parseLength([]byte(text)); ok != test.ok || ok && got != test.want {
			t.Errorf("%q: got %d, %t, want %d, %t", text, got, ok, test.want, test.ok)
		}
	}
}

func TestAuthorityIsAHostWithAnOptionalPort(t *testing.T) {
	tests := map[string]bool{
		"": true, "a": true, "A.b-c.example": true, "a.": true, "a:80": true, "a:": true, "a:65535": true, "a:080": true,
		"1.2.3.4": true, "1.2.3.4:80": true, "[::1]": true, "[::1]:80": true, "[::1]:": true, "[2001:db8::1]": true,
		"[::ffff:1.2.3.4]:80": true, "under_score": true, "xn--e1afmkfd.example": true, "a%C3%A9": true, "a,b;c=d": true, "!$&'()*+~": true,

		":": false, ":80": false, "a:0": false, "a:65536": false, "a:x": false, "a:-1": false, "a:+1": false, "a: 1": false,
		"a:8_0": false, "a:80:80": false, "::1": false, "[": false, "]": false, "[]": false, "[:]": false, "[a]": false,
		"[::1": false, "::1]": false, "[::1]a": false, "[::1]80": false, "[::1]:x": false, "[[::1]]": false, "[::1]]": false,
		"[::::]": false, "[1.2.3.4]": false, "[::1%25eth0]": false, "[fe80::1%eth0]": false, "[v1.a]": false, "[12345::]": false,
		"a[::1]": false, "a b": false, "a\tb": false, "a/b": false, "a?b": false, "a#b": false, "a@b": false, "a\\b": false,
		"a\"b": false, "a<b": false, "a{b": false, "a|b": false, "a^b": false, "a`b": false, "a\x00": false, "a\x7f": false,
		"é": false, "a%": false, "a%4": false, "a%zz": false, "a%2": false, "%%41": false,
	}
	for text, want := range tests {
		if got := isAuthority([]byte(text)); got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
}

func TestBuffersComeBackInTheirSizes(t *testing.T) {
	var p Buffers
	for _, n := range []int{0, 1, smallBuffer, smallBuffer + 1, largeBuffer, largeBuffer + 1, 1 << 20} {
		b := p.Get(n)
		if len(b) < n || len(b) != cap(b) {
			t.Errorf("asked for %d: got %d of %d", n, len(b), cap(b))
		}
		p.Put(b[:0])
		p.Put(b[: len(b)/2 : len(b)/2+1]) // a part of one must not come back as a whole one
		for range 4 {
			if again := p.Get(n); len(again) < n {
				t.Errorf("asked for %d again: got %d", n, len(again))
			}
		}
	}
}
