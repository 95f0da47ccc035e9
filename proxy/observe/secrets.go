// SPDX-License-Identifier: Apache-2.0

package observe

import "bytes"

// hidden is what the log has in place of a secret.
const hidden = "***"

// secrets are parameters of queries by which somebody signs in or is let in: those of OAuth and OpenID Connect (RFC
// 6749, 7521, 7636, 8628; OpenID Connect Core), of SAML and CAS, of signed URLs, and names that many services have for
// the same. The section "Secrets in queries" in docs/operating.md has the same.
var secrets = map[string]bool{
	"code": true, "state": true, "token": true, "access_token": true, "refresh_token": true, "id_token": true, "id_token_hint": true,
	"logout_token": true, "client_secret": true, "client_assertion": true, "assertion": true, "code_verifier": true, "device_code": true,
	"SAMLResponse": true, "SAMLart": true, "ticket": true, "jwt": true, "password": true, "passwd": true, "secret": true, "api_key": true,
	"apikey": true, "api-key": true, "sig": true, "signature": true, "X-Amz-Signature": true, "X-Amz-Security-Token": true, "X-Goog-Signature": true,
}

// appendQuery adds a query, as it was sent but for secrets.
func appendQuery(b, query []byte) []byte {
	for {
		param, rest, more := bytes.Cut(query, []byte("&"))
		name, value, _ := bytes.Cut(bytes.TrimPrefix(param, []byte("?")), []byte("="))
		if len(value) > 0 && secrets[string(name)] {
			b = appendEscaped(b, param[:len(param)-len(value)])
			b = append(b, hidden...)
		} else {
			b = appendEscaped(b, param)
		}
		if !more {
			return b
		}
		b = append(b, '&')
		query = rest
	}
}

// appendURL adds a URL, as it was sent but for secrets in its query and in its fragment.
func appendURL(b, url []byte) []byte {
	path, query, ok := cutAny(url, "?#")
	b = appendEscaped(b, path)
	for ok {
		b = append(b, query[0])
		var part []byte
		part, query, ok = cutAny(query[1:], "#")
		b = appendQuery(b, part)
	}
	return b
}

// cutAny returns what is before the first of some signs, and the rest from that sign on.
func cutAny(s []byte, signs string) (before, rest []byte, ok bool) {
	if i := bytes.IndexAny(s, signs); i >= 0 {
		return s[:i], s[i:], true
	}
	return s, nil, false
}
