// SPDX-License-Identifier: Apache-2.0

package clientcert

import (
	"encoding/asn1"
	"encoding/hex"
	"strings"
	"unicode/utf16"
)

// attribute is one part of a distinguished name, and attributeSET the parts of one level. encoding/asn1 knows a set by
// the end of its type's name.
type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

type attributeSET []attribute

// attributeNames are the names of types as OpenSSL has them.
var attributeNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "street",
	"2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "title", "2.5.4.13": "description", "2.5.4.17": "postalCode", "2.5.4.20": "telephoneNumber",
	"2.5.4.41": "name", "2.5.4.42": "GN", "2.5.4.43": "initials", "2.5.4.44": "generationQualifier", "2.5.4.46": "dnQualifier",
	"2.5.4.65": "pseudonym", "2.5.4.97": "organizationIdentifier", "1.2.840.113549.1.9.1": "emailAddress",
	"0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.25": "DC",
}

// Subject returns a distinguished name in DER as text (RFC 2253): the last part first, "CN=robot,O=Example". It is
// spelled as nginx and openssl x509 -nameopt RFC2253 spell it, in printable ASCII. It is empty for what is no name.
func Subject(der []byte) string {
	var levels []attributeSET
	if rest, err := asn1.Unmarshal(der, &levels); err != nil || len(rest) > 0 {
		return ""
	}
	var b strings.Builder
	for i := len(levels) - 1; i >= 0; i-- {
		for j := len(levels[i]) - 1; j >= 0; j-- {
			switch {
			case j < len(levels[i])-1:
				b.WriteByte('+')
			case i < len(levels)-1:
				b.WriteByte(',')
			}
			writeAttribute(&b, &levels[i][j])
		}
	}
	return b.String()
}

func writeAttribute(b *strings.Builder, a *attribute) {
	oid := a.Type.String()
	name, known := attributeNames[oid]
	if !known {
		name = oid
	}
	b.WriteString(name)
	b.WriteByte('=')
	text, ok := textOf(&a.Value)
	if !known || !ok {
		b.WriteByte('#')
		b.WriteString(strings.ToUpper(hex.EncodeToString(a.Value.FullBytes)))
		return
	}
	for i := range len(text) {
		switch c := text[i]; {
		case strings.IndexByte(`,+"\<>;`, c) >= 0, c == ' ' && (i == 0 || i == len(text)-1), c == '#' && i == 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= 0x7f:
			writeEscaped(b, c)
		default:
			b.WriteByte(c)
		}
	}
}

func writeEscaped(b *strings.Builder, c byte) {
	const digits = "0123456789ABCDEF"
	b.Write([]byte{'\\', digits[c>>4], digits[c&15]})
}

// textOf returns a string of ASN.1 in UTF-8. ok is false for what is no string.
func textOf(v *asn1.RawValue) (text string, ok bool) {
	if v.Class != asn1.ClassUniversal || v.IsCompound {
		return "", false
	}
	switch v.Tag {
	case asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagIA5String, asn1.TagNumericString, tagVisibleString:
		return string(v.Bytes), true
	case asn1.TagT61String:
		runes := make([]rune, len(v.Bytes))
		for i, c := range v.Bytes {
			runes[i] = rune(c)
		}
		return string(runes), true
	case asn1.TagBMPString:
		if len(v.Bytes)%2 != 0 {
			return "", false
		}
		units := make([]uint16, len(v.Bytes)/2)
		for i := range units {
			units[i] = uint16(v.Bytes[2*i])<<8 | uint16(v.Bytes[2*i+1])
		}
		return string(utf16.Decode(units)), true
	}
	return "", false
}

const tagVisibleString = 26

// spelledSubject returns a distinguished name of the terms as [Subject] spells it, where its author wrote letters
// beyond ASCII.
func spelledSubject(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if name[i] >= 0x7f {
			writeEscaped(&b, name[i])
		} else {
			b.WriteByte(name[i])
		}
	}
	return b.String()
}
