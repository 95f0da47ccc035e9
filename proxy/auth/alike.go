// SPDX-License-Identifier: Apache-2.0

package auth

import "github.com/warren-dev/ingress/proxy/message"

// DropAlike takes the fields out of a message whose names are one name, which is in lower case, or could be taken for
// it. Programs that get fields as CGI variables (RFC 3875, section 4.1.18) read every sign in a name as an
// underscore.
func DropAlike(fields []message.Field, name string) {
	for i := range fields {
		if f := &fields[i]; f.Kind.EndToEnd() && alike(f.Name, name) {
			f.Kind = message.Dropped
		}
	}
}

// alike returns whether a name could be taken for another one, which is in lower case.
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
