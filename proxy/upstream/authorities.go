// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"crypto/x509"
	"errors"
	"unsafe"
)

// authorities are the parsed ones of all pools, by where their text is in memory. A text may be hundreds of kilobytes,
// and thousands of pools may have the same: parsed for each it would fill the memory, and hashed for each it would take
// a second of every snapshot. A text that is where it was is what it was.
type authorities map[*byte]*x509.CertPool

var errNoAuthority = errors.New("the authorities hold no certificate")

// parse returns what a text comes to, the same for the same text.
func (a authorities) parse(text string) (*x509.CertPool, error) {
	at := unsafe.StringData(text)
	if known := a[at]; known != nil {
		return known, nil
	}
	parsed := x509.NewCertPool()
	if !parsed.AppendCertsFromPEM([]byte(text)) {
		return nil, errNoAuthority
	}
	for _, known := range a {
		if known.Equal(parsed) {
			parsed = known
			break
		}
	}
	a[at] = parsed
	return parsed, nil
}
