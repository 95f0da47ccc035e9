// SPDX-License-Identifier: Apache-2.0

package canonical

import "errors"

// The reasons why a path has no canonical form. Such a request gets 400.
var (
	errPathRelative  = errors.New("the path does not begin with a slash")
	errPathAboveRoot = errors.New("the path climbs above the root")
	errPathEscape    = errors.New("the path has a percent sign without two hexadecimal digits")
	errPathByte      = errors.New("the path has a control character, a space, a backslash, a # or a byte beyond ASCII")
)

// Path returns the one spelling of path that is matched, checked and forwarded. Percent-encoded unreserved characters
// are decoded, and hex digits are in upper case (RFC 3986, section 6.2.2). Dot segments are resolved after that, so
// encoded ones too (section 5.2.4). Repeated slashes are merged. %2F stays as it is, and separates nothing.
//
// The result aliases path if path is canonical already. Otherwise it is appended to buf[:0]. Path never writes to path.
// An error says in words why a path has no canonical form.
func Path(buf, path []byte) ([]byte, error) {
	if len(path) == 0 || path[0] != '/' {
		return nil, errPathRelative
	}
	if isCanonical(path) {
		return path, nil
	}
	// One pass appends bytes in decoded form. Whenever a segment ends, it checks what was appended since the last slash.
	// out always begins with a slash, and never has two in a row.
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

// endSegment resolves the segment out[begin:] if it is "." or "..". The slash before it stays, so /a/. becomes /a/, and
// /a/b/.. becomes /a/. It returns false if the path climbs above the root.
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

// isCanonical returns whether path needs no work at all. It may return false for a canonical path (one with an escape
// that must stay, or with a segment that begins with a dot), but never true for another.
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

// pathByte has the class of each byte in a path. Beyond RFC 3986's pchar it accepts printable characters that clients
// send unescaped all the same (such as | and {}): they separate nothing and decode to themselves.
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
