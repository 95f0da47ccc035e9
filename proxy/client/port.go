// SPDX-License-Identifier: Apache-2.0

package client

import "bytes"

var (
	portHTTP  = []byte("80")
	portHTTPS = []byte("443")
)

// portOf returns the port that an authority names, or the scheme's default port if it names none. The authority may be
// what a proxy wrote, so it need not be well-formed.
func portOf(authority []byte, secure bool) []byte {
	rest := authority[bytes.IndexByte(authority, ']')+1:]
	if at := bytes.IndexByte(rest, ':'); at >= 0 {
		if port := bytes.TrimLeft(rest[at+1:], "0"); isPort(port) {
			return port
		}
	}
	if secure {
		return portHTTPS
	}
	return portHTTP
}

// isPort returns whether b has the digits of a port.
func isPort(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return 0 < len(b) && len(b) <= len("65535")
}
