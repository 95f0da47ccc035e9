// SPDX-License-Identifier: Apache-2.0

package canonical

import "errors"

// The ways in which a path has no canonical form. Each is a request that gets 400.
var (
	errPathRelative  = errors.New("the path does not begin with a slash")
	errPathAboveRoot = errors.New("the path climbs above the root")
	errPathEscape    = errors.New("the path has a percent sign without two hexadecimal digits")
	errPathByte      = errors.New("the path has a control character, a space, a backslash, a # or a byte beyond ASCII")
)

// Path returns the one spelling of path that is matched, checked and forwarded: percent-encoded
// unreserved characters decoded, hex digits in upper case (RFC 3986, section 6.2.2), dot segments
// resolved after that decoding, so encoded ones too (section 5.2.4), repeated slashes merged. %2F stays as it is
// and separates nothing. The result aliases path where path is canonical already, otherwise it is
// appended to buf[:0]; path itself is never written to. An error says in words what is wrong with a path that has none.
func Path(buf, path []byte) ([]byte, error) {
	if len(path) == 0 || path[0] != '/' {
		return nil, errPathRelative
	}
	if isCanonical(path) {
		return path, nil
	}
	// One pass: bytes are appended in decoded form, and whenever a segment ends, what was appended since
	// the last slash is looked at. out always begins with a slash and never holds two in a row.
	out := buf[:0]
	out = append(out, '/')
	segment := 1 // where the running segment begins in out
	for i := 1; i < len(path); i++ {
		c := path[i]
		switch {
		case c == '/':
			var ok bool
			if out, ok = endSegment(out, segment); !ok {
				return nil, errPathAboveRoot
			}
			if out[len(out)-1] != '/' {
				out = append(out, '/')
			}
			segment = len(out)
		case c == '%':
			if i+2 >= len(path) {
				return nil, errPathEscape
			}
			high, low := unhex(path[i+1]), unhex(path[i+2])
			if high > 15 || low > 15 {
				return nil, errPathEscape
			}
			i += 2
			switch decoded := high<<4 | low; {
			case decoded == 0:
				return nil, errPathByte
			case pathByte[decoded] == byteUnreserved:
				out = append(out, decoded)
			default:
				out = append(out, '%', upperHex[high], upperHex[low])
			}
		case pathByte[c] == byteRefused:
			return nil, errPathByte
		default:
			out = append(out, c)
		}
	}
	out, ok := endSegment(out, segment)
	if !ok {
		return nil, errPathAboveRoot
	}
	return out, nil
}

// endSegment resolves the segment out[begin:] where it is "." or "..": the slash that led to it stays,
// so /a/. is /a/ and /a/b/.. is /a/.
func endSegment(out []byte, begin int) ([]byte, bool) {
	switch string(out[begin:]) {
	case ".":
		return out[:begin], true
	case "..":
		if begin == 1 {
			return out, false
		}
		parent := begin - 2
		for out[parent] != '/' {
			parent--
		}
		return out[:parent+1], true
	}
	return out, true
}

// isCanonical says whether path needs no work at all. It may say no to a canonical path (one with an
// escape that must stay, a segment that begins with a dot), never yes to another.
func isCanonical(path []byte) bool {
	previous := byte(0)
	for _, c := range path {
		if pathByte[c] >= byteEscape {
			return false
		}
		if previous == '/' && (c == '/' || c == '.') {
			return false
		}
		previous = c
	}
	return true
}

const (
	byteOther = iota
	byteUnreserved
	byteEscape
	byteRefused
)

// pathByte classes each byte as a path may hold it. Beyond RFC 3986's pchar it lets through the printable
// characters that clients send raw all the same (such as | and {}): they separate nothing and decode to themselves.
var pathByte = func() (class [256]uint8) {
	for c := range 256 {
		b := byte(c)
		switch {
		case b <= ' ', b >= 0x7f, b == '\\', b == '#', b == '?':
			class[c] = byteRefused
		case b == '%':
			class[c] = byteEscape
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '-', b == '.', b == '_', b == '~':
			class[c] = byteUnreserved
		}
	}
	return class
}()

const upperHex = "0123456789ABCDEF"

// unhex returns the value of a hexadecimal digit, or 255.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// EndsSegment says whether a segment of the path ends before its nth byte.
func EndsSegment(path []byte, n int) bool {
	return n <= len(path) && (n == len(path) || path[n] == '/')
}
