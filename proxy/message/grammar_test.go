// SPDX-License-Identifier: Apache-2.0

package message

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
					want := c != '\r' && c != '\n' && c != 0
					if got := IsValue(b); got != want {
						t.Fatalf("%q: got %t, want %t", b, got, want)
					}
				}
			}
		}
	}
}

func TestFieldValueIsCheckedBehindABadByte(t *testing.T) {
	// The subtraction that checks eight bytes at once borrows from the next byte: no byte may hide a bad one.
	for _, first := range []byte{0x00, 0x01, 0x1f, 0x7f, '\t', 0x80, ' ', '\r'} {
		for _, second := range []byte{0x00, '\r', '\n'} {
			for i := range 8 {
				for j := range 8 {
					if i == j {
						continue
					}
					b := []byte("abcdefgh")
					b[i], b[j] = first, second
					if IsValue(b) {
						t.Errorf("%q was taken for a value", b)
					}
				}
			}
		}
	}
}

func TestPrintableBytesEndAtTheFirstControlCharacter(t *testing.T) {
	for length := range 25 {
		for at := range length {
			for _, behind := range []byte{' ', '\n', 0x1f, 0x80, 0xff} {
				b := append(bytes.Repeat([]byte{'a'}, at), bytes.Repeat([]byte{behind}, length-at)...)
				for c := range 256 {
					b[at] = byte(c)
					want := 0
					for want < length && b[want] >= ' ' {
						want++
					}
					if got := PrintableLength(b); got != want {
						t.Fatalf("%q: got %d, want %d", b, got, want)
					}
				}
			}
		}
	}
}

func TestTokenEndsAtTheFirstByteThatIsNoneOfItsOwn(t *testing.T) {
	for text, want := range map[string]int{"": 0, "Content-Length": 14, "A: b": 1, ": b": 0, "A b": 1, "X_y~!\r\n": 5, "a\x80": 1} {
		if got := TokenLength([]byte(text)); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
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
		if got, ok := ParseLength([]byte(text)); ok != test.ok || ok && got != test.want {
			t.Errorf("%q: got %d, %t, want %d, %t", text, got, ok, test.want, test.ok)
		}
	}
}
