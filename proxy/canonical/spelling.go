// SPDX-License-Identifier: Apache-2.0

package canonical

import "bytes"

// Respellable says whether a path that has a canonical form may go to an endpoint as it was sent: every server that
// merges repeated slashes and decodes what needs no escape makes the canonical form of it, and so the same resource. A
// path with dot segments may not. Servers resolve them or do not, before or after they merge slashes.
func Respellable(sent []byte) bool {
	dots, other := 0, false // of the running segment
	for i := 0; i < len(sent); i++ {
		c := sent[i]
		switch {
		case c == '/':
			if isDots(dots, other) {
				return false
			}
			dots, other = 0, false
			continue
		case pathByte[c] == byteRefused:
			return false
		case c == '%' && i+2 < len(sent):
			c = unhex(sent[i+1])<<4 | unhex(sent[i+2])
			i += 2
		}
		if c == '.' {
			dots++
		} else {
			other = true
		}
	}
	return !isDots(dots, other)
}

func isDots(dots int, other bool) bool { return !other && (dots == 1 || dots == 2) }

// BehindAuthority returns the part of a canonical path that is left of it for a server that takes what follows two
// slashes at the beginning of a path for a host (RFC 3986, section 4.2), as the URL parsers of browsers and of Node do.
// ok is false if no server can: the path was sent with one slash at its beginning.
func BehindAuthority(sent, path []byte) (rest []byte, ok bool) {
	if len(sent) < 2 || sent[1] != '/' {
		return nil, false
	}
	if i := bytes.IndexByte(path[1:], '/'); i >= 0 {
		return path[1+i:], true
	}
	return rootPath, true
}

var rootPath = []byte("/")
