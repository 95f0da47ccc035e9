// SPDX-License-Identifier: Apache-2.0

package message

import (
	"bytes"
	"net/netip"
	"strconv"
)

// hostByte marks the characters of an authority without userinfo: reg-name, IP-literal and port
// (RFC 3986, section 3.2.2).
var hostByte = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:%[]")

// nameByte marks those that mean nothing but themselves, wherever they stand.
var nameByte = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=")

// IsAuthority returns whether b is a host with an optional port (RFC 9110, section 4.2). It refuses userinfo. It
// accepts an empty b, which stands for no authority.
func IsAuthority(b []byte) bool {
	if all(b, &nameByte) {
		return true // as nearly all are
	}
	if !all(b, &hostByte) {
		return false
	}
	port := b
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 || !isAddress(b[1:end]) {
			return false
		}
		port = b[end+1:]
		if len(port) > 0 && port[0] != ':' {
			return false
		}
	} else {
		if bytes.IndexByte(b, '[') >= 0 || bytes.IndexByte(b, ']') >= 0 || !HasEscapes(b) {
			return false
		}
		colon := bytes.IndexByte(b, ':')
		if colon < 0 {
			return true
		}
		if port = b[colon:]; colon == 0 {
			return false
		}
	}
	if len(port) > 0 {
		n, err := strconv.ParseUint(string(port[1:]), 10, 16)
		return len(port) == 1 || err == nil && n > 0
	}
	return true
}

// isAddress returns whether b is an IPv6 address without a zone. A zone means something only to its own host (RFC
// 9844).
func isAddress(b []byte) bool {
	a, err := netip.ParseAddr(string(b))
	return err == nil && a.Is6() && a.Zone() == ""
}

// HasEscapes returns whether two hexadecimal digits follow each percent sign of b.
func HasEscapes(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '%')
		if i < 0 {
			return true
		}
		if i+2 >= len(b) || !isHex(b[i+1]) || !isHex(b[i+2]) {
			return false
		}
		b = b[i+3:]
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
