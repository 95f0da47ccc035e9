// SPDX-License-Identifier: Apache-2.0

package canonical

import "bytes"

// Reading is a way in which a path is understood. The rules read a canonical path as it is. There are servers that
// read more out of it: a slash in %2F is data to RFC 3986 (section 2.2) and a separator to whoever decodes a path
// before splitting it. Where such a server would see the path of another rule, what was checked is not what is served,
// and the request is refused.
//
// Servers decode, split, cut and resolve in any order. Instead of trying all of them, what makes the order matter is
// refused in any path: a dot segment that only shows in another reading, and a separator behind a semicolon of the same
// segment, which is part of what is cut or is not.
type Reading uint8

const (
	// AsItIs is as the rules read it.
	AsItIs Reading = iota
	// Decoded is with the characters that need no escape out of theirs, the slash among them.
	Decoded
	// Backslashed is Decoded with a backslash for a slash.
	Backslashed
	// Unparametrized is Backslashed with what follows a semicolon cut off from each segment.
	Unparametrized
	// Readings is how many there are.
	Readings
)

// ReadsOneWay says whether there is only one reading of a path.
func ReadsOneWay(path []byte) bool {
	return bytes.IndexByte(path, '%') < 0 && bytes.IndexByte(path, ';') < 0
}

// Read appends what a canonical path is in this reading to buf[:0], and says false where servers do not agree on that.
// Characters that no path holds unescaped stay escaped. It allocates only where buf is too short for the path.
func (as Reading) Read(buf, path []byte) (read []byte, ok bool) {
	out := buf[:0]
	out = append(out, '/')
	segment := 1
	// parameter is set behind a semicolon until the path's own next slash.
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
