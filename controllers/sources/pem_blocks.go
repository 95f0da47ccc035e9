// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
)

// pemBlock is a block that begins in a PEM text (RFC 7468). Its Block is nil if it cannot be read.
type pemBlock struct {
	*pem.Block
	// glued is set if something precedes it on its line.
	glued bool
}

var (
	pemBegin      = []byte("-----BEGIN ")
	byteOrderMark = []byte("\xef\xbb\xbf")
)

// readPEM returns every block that begins in a text, whether it can be read or not. encoding/pem silently skips blocks
// that cannot be read. What stands between blocks belongs to none.
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

// isWellFormed returns whether a block holds exactly one ASN.1 value, as everything that is written in such blocks
// does.
func (b *pemBlock) isWellFormed() bool {
	if b.Block == nil {
		return false
	}
	var value asn1.RawValue
	rest, err := asn1.Unmarshal(b.Bytes, &value)
	return err == nil && len(rest) == 0
}

// isCertificate returns whether a block is labelled as a certificate. OpenSSL once wrote X509 CERTIFICATE.
func (b *pemBlock) isCertificate() bool {
	return b.Block != nil && (b.Type == certificateBlock || b.Type == "X509 CERTIFICATE")
}
