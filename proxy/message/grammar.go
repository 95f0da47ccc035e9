// SPDX-License-Identifier: Apache-2.0

package message

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// tokenByte marks the characters of a token (RFC 9110, section 5.6.2).
var tokenByte = set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

func set(members string) (table [256]bool) {
	for i := range len(members) {
		table[members[i]] = true
	}
	return table
}

func all(b []byte, table *[256]bool) bool {
	for _, c := range b {
		if !table[c] {
			return false
		}
	}
	return true
}

// IsTokenByte returns whether a token may contain c.
func IsTokenByte(c byte) bool { return tokenByte[c] }

// TokenLength returns how many bytes of a token b begins with.
func TokenLength(b []byte) int {
	for i, c := range b {
		if !tokenByte[c] {
			return i
		}
	}
	return len(b)
}

// PrintableLength returns how many bytes stand before the first control character of b. The tab is one, and DEL is
// none.
func PrintableLength(b []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; len(b)-n >= 8; n += 8 {
		x := binary.LittleEndian.Uint64(b[n:])
		// A byte below 0x20 gets its high bit set. So may a byte behind one, from which it borrows.
		if below := (x - 0x20*ones) &^ x & highs; below != 0 {
			return n + bits.TrailingZeros64(below)/8
		}
	}
	for n < len(b) && b[n] >= 0x20 {
		n++
	}
	return n
}

// IsToken returns whether b is a token.
func IsToken(b []byte) bool { return len(b) > 0 && all(b, &tokenByte) }

// IsValue returns whether b may be a field's value: it has no CR, LF or NUL, which end a value for some readers (RFC
// 9110, section 5.5). The RFC calls other control characters invalid too, and lets a recipient keep them. Everybody
// keeps them, and they mean nothing to a parser. IsValue checks eight bytes in one step. If a step finds a control
// character, it looks which one that is.
func IsValue(b []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(b) >= 8 {
		x := binary.LittleEndian.Uint64(b)
		if (x-0x20*ones)&^x&highs != 0 && !isValueSlow(b[:8]) {
			return false
		}
		b = b[8:]
	}
	return isValueSlow(b)
}

func isValueSlow(b []byte) bool {
	for _, c := range b {
		if c == '\r' || c == '\n' || c == 0 {
			return false
		}
	}
	return true
}

// IsTarget returns whether b has only bytes that can be in a request-target: visible ASCII without the number sign (RFC
// 9112, section 3.2), and bytes beyond ASCII, which many clients forget to encode and nobody reads in two ways. A
// fragment is never sent.
func IsTarget(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c == 0x7f || c == '#' {
			return false
		}
	}
	return true
}

// SameName returns whether two tokens or hosts are the same. It ignores the case of ASCII letters.
func SameName(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// ParseLength parses 1*DIGIT below 2^63. It refuses signs, spaces, lists and fractions, because other recipients read
// them in other ways.
func ParseLength(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return int64(n), n <= math.MaxInt64
}
