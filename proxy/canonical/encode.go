// SPDX-License-Identifier: Apache-2.0

package canonical

import "encoding/binary"

// IsASCII returns whether b has no byte beyond ASCII. It looks at eight bytes in one step.
func IsASCII(b []byte) bool {
	const highs = 0x8080808080808080
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&highs != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// AppendEncoded appends a path or a query with its bytes beyond ASCII percent-encoded, as its sender should have sent
// them (RFC 3986, section 2.1). A server decodes both to the same bytes.
func AppendEncoded(b, text []byte) []byte {
	for _, c := range text {
		if c < 0x80 {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return b
}
