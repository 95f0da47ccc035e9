// SPDX-License-Identifier: Apache-2.0

package auth

// alike returns whether a name could be taken for another one, which is in lower case. Programs that get fields as CGI
// variables (RFC 3875, section 4.1.18) read every sign in a name as an underscore.
func alike(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, c := range name {
		switch want := lower[i]; {
		case 'A' <= c && c <= 'Z':
			if c|0x20 != want {
				return false
			}
		case isLetterOrDigit(c) || isLetterOrDigit(want):
			if c != want {
				return false
			}
		}
	}
	return true
}

func isLetterOrDigit(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
