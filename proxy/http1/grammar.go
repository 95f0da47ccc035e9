package http1

import "encoding/binary"

// tokenByte marks the characters of a token (RFC 9110, section 5.6.2).
var tokenByte = set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

// hostByte marks the characters of an authority without userinfo: reg-name, IP-literal and port
// (RFC 3986, section 3.2.2).
var hostByte = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:%[]")

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

// isValue says whether b may be a field's value: visible characters, spaces, tabs and the bytes
// beyond ASCII (RFC 9110, section 5.5). Eight bytes are looked at in one step; a step that finds a
// control character looks again for the tab, the one that is allowed.
func isValue(b []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(b) >= 8 {
		x := binary.LittleEndian.Uint64(b)
		control := (x - 0x20*ones) & ^x & highs
		del := x ^ 0x7f*ones
		del = (del - ones) & ^del & highs
		if control|del != 0 && !isValueSlow(b[:8]) {
			return false
		}
		b = b[8:]
	}
	return isValueSlow(b)
}

func isValueSlow(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// isTarget says whether b has only bytes that a request-target may have on the wire: visible ASCII without the
// number sign (RFC 9112, section 3.2; a fragment is never sent).
func isTarget(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f || c == '#' {
			return false
		}
	}
	return true
}
