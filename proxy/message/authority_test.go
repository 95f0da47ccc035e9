// SPDX-License-Identifier: Apache-2.0

package message

import "testing"

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
		if got := IsAuthority([]byte(text)); got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
}
