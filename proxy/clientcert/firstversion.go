// SPDX-License-Identifier: Apache-2.0

package clientcert

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
)

// parseRevocationList parses a list of revocations of either version. [x509.ParseRevocationList] takes the second
// alone. The first has no extensions, and says the same else. openssl ca makes it, unless its configuration has
// crl_extensions. RFC 5280, section 5, has whoever reads lists read both.
func parseRevocationList(der []byte) (*x509.RevocationList, error) {
	if list, err := x509.ParseRevocationList(der); err == nil {
		return list, nil
	}
	var signed struct {
		List, Algorithm asn1.RawValue
		Signature       asn1.BitString
	}
	rest, err := asn1.Unmarshal(der, &signed)
	if err != nil {
		return nil, err
	}
	if own := signed.List; len(rest) > 0 || own.Class != asn1.ClassUniversal || own.Tag != asn1.TagSequence {
		return nil, errFirstVersion
	}
	first := signed.List.FullBytes
	second, err := asn1.Marshal(asn1.RawValue{
		Tag: asn1.TagSequence, IsCompound: true, Bytes: slices.Concat(secondVersion, signed.List.Bytes), // a version there is twice then, which fails
	})
	if err != nil {
		return nil, err
	}
	signed.List = asn1.RawValue{FullBytes: second}
	written, err := asn1.Marshal(signed)
	if err != nil {
		return nil, err
	}
	list, err := x509.ParseRevocationList(written)
	if err != nil {
		return nil, err
	}
	if len(list.Extensions) > 0 || slices.ContainsFunc(list.RevokedCertificateEntries, func(r x509.RevocationListEntry) bool { return len(r.Extensions) > 0 }) {
		return nil, errFirstVersion
	}
	list.Raw, list.RawTBSRevocationList = slices.Clone(der), slices.Clone(first) // which was signed
	return list, nil
}

var (
	// secondVersion is how a list begins of that version, in DER.
	secondVersion = []byte{asn1.TagInteger, 1, 1}

	errFirstVersion = errors.New("this is no list of revocations of the first version")
)
