// SPDX-License-Identifier: Apache-2.0

package tlsterms

import (
	"crypto/x509"
	"errors"
	"unsafe"

	"github.com/warren-dev/ingress/proxy/uses"
)

// authorities has the parsed authorities of all pools. The key is the address of their text in memory. A text may be
// hundreds of kilobytes, and thousands of pools may have the same one. Parsing it for each pool would fill the memory.
// Hashing it for each would take a second of every snapshot. A text of the same length at the same address is the same
// text. An address is no other text's as long as the authorities have the text.
type authorities struct{ texts uses.Map[*byte, parsedText] }

type parsedText struct {
	text   string
	parsed *x509.CertPool
}

var errNoAuthority = errors.New("the authorities hold no certificate")

// parse returns the parsed authorities of a text. It returns the same pool for the same authorities.
func (a *authorities) parse(text string) (*x509.CertPool, error) {
	at := unsafe.StringData(text)
	if known, ok := a.texts.Get(at); ok && len(known.text) == len(text) {
		return known.parsed, nil
	}
	parsed := x509.NewCertPool()
	if !parsed.AppendCertsFromPEM([]byte(text)) {
		return nil, errNoAuthority
	}
	for _, known := range a.texts.All() {
		if known.parsed.Equal(parsed) {
			parsed = known.parsed
			break
		}
	}
	a.texts.Add(at, parsedText{text, parsed})
	return parsed, nil
}
