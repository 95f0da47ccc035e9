// SPDX-License-Identifier: Apache-2.0

package message

// NamesHTTPOrTLS says whether a version of HTTP or TLS is in a list of protocols to change to.
func NamesHTTPOrTLS(protocols []byte) (found bool) {
	Elements(protocols, func(p []byte) bool {
		found = EqualFold(p, "h2c") || len(p) >= 4 && (EqualFold(p[:4], "http") || EqualFold(p[:4], "tls/"))
		return !found
	})
	return found
}
