// SPDX-License-Identifier: Apache-2.0

package tlsterms

import (
	"crypto/x509"
	"errors"
	"unsafe"
)

// authorities has the parsed authorities of all pools. The key is the address of their text in memory. A text may be
// hundreds of kilobytes, and thousands of pools may have the same one. Parsing it for each pool would fill the memory.
// Hashing it for each would take a second of every snapshot. A text at the same address is the same text.
type authorities map[*byte]*x509.CertPool

var errNoAuthority = errors.New("the authorities hold no certificate")

// parse returns the parsed authorities of a text. It returns the same pool for the same authorities.
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
