// SPDX-License-Identifier: Apache-2.0

package canonical

import "bytes"

// Reading is a way to understand a path. The rules read a canonical path as it is. Some servers read more out of it: a
// slash in %2F is data to RFC 3986 (section 2.2), but a separator to a server that decodes a path before it splits it.
// If such a server would see the path of another rule, what was checked is not what is served. Such a request is
// refused.
//
// Servers decode, split, cut and resolve in any order. Instead of trying all orders, everything that makes the order
// matter is refused in any path. That is a dot segment that only shows in another reading, and a separator after a
// semicolon in the same segment, because some servers cut it off and some do not.
type Reading uint8

const (
	// AsItIs is how the rules read a path.
	AsItIs Reading = iota
	// Decoded has the characters that need no escape decoded, including the slash.
	Decoded
	// Backslashed is Decoded with each backslash read as a slash.
	Backslashed
	// Unparametrized is Backslashed, with everything from a semicolon on cut off from each segment.
	Unparametrized
	// Readings is how many readings there are.
	Readings
)

// ReadsOneWay returns whether a path has only one reading.
func ReadsOneWay(path []byte) bool {
	return bytes.IndexByte(path, '%') < 0 && bytes.IndexByte(path, ';') < 0
}

// Read appends a canonical path in this reading to buf[:0]. It returns false if servers do not agree on that.
// Characters that no path has unescaped stay escaped. It allocates only if buf is too short for the path.
func (as Reading) Read(buf, path []byte) (read []byte, ok bool) {
	out := buf[:0]
	out = append(out, '/')
	segment := 1
	// parameter is set from a semicolon to the next slash that is unescaped in path.
	parameter, cut := false, false
	for i := 1; i < len(path); i++ {
		c, escaped := path[i], false
		if c == '%' {
			escaped = true
			plain := unhex(path[i+1])<<4 | unhex(path[i+2])
			switch {
			case plain == '\\' && parameter:
				return out, false
			case pathByte[plain] == byteOther:
				c = plain
			case plain == '\\' && as >= Backslashed:
				c = '/'
			default:
				if !cut {
					out = append(out, path[i:i+3]...)
				}
				i += 2
				continue
			}
			i += 2
		}
		switch {
		case c == '/' && (escaped && parameter || isDotSegment(out[segment:])):
			return out, false
		case c == '/':
			if out[len(out)-1] != '/' {
				out = append(out, '/')
			}
			segment, parameter, cut = len(out), false, false
		case c == ';':
			parameter = true
			if cut = as == Unparametrized; !cut {
				out = append(out, c)
			}
		case !cut:
			out = append(out, c)
		}
	}
	return out, !isDotSegment(out[segment:])
}

func isDotSegment(segment []byte) bool {
	return string(segment) == "." || string(segment) == ".."
}
