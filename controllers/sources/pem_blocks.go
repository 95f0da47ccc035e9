// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
)

// pemBlock is a block that a PEM text (RFC 7468) begins. Its Block is nil where it cannot be read.
type pemBlock struct {
	*pem.Block
	// glued is set where something stands before it on its line.
	glued bool
}

var (
	pemBegin      = []byte("-----BEGIN ")
	byteOrderMark = []byte("\xef\xbb\xbf")
)

// readPEM returns every block that a text begins, whether it can be read or not: encoding/pem passes over those that
// cannot be, and says nothing. What stands between blocks is no part of them.
func readPEM(text []byte) []pemBlock {
	text = bytes.TrimPrefix(text, byteOrderMark)
	var blocks []pemBlock
	for at := bytes.Index(text, pemBegin); at >= 0; {
		line := text[bytes.LastIndexByte(text[:at], '\n')+1 : at]
		block := pemBlock{glued: len(bytes.TrimSpace(line)) > 0}
		end, next := len(text), -1
		if more := bytes.Index(text[at+len(pemBegin):], pemBegin); more >= 0 {
			next = at + len(pemBegin) + more
			end = next
		}
		block.Block, _ = pem.Decode(text[at:end])
		blocks = append(blocks, block)
		at = next
	}
	return blocks
}

// isWellFormed says whether a block holds one ASN.1 value and nothing else, as all that is written in these blocks
// does.
func (b *pemBlock) isWellFormed() bool {
	if b.Block == nil {
		return false
	}
	var value asn1.RawValue
	rest, err := asn1.Unmarshal(b.Bytes, &value)
	return err == nil && len(rest) == 0
}

// isCertificate says whether a block is said to be a certificate. X509 CERTIFICATE is what OpenSSL wrote once.
func (b *pemBlock) isCertificate() bool {
	return b.Block != nil && (b.Type == certificateBlock || b.Type == "X509 CERTIFICATE")
}
