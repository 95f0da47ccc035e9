// SPDX-License-Identifier: Apache-2.0

package clientcert

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	// MaxRevocations bounds the entries of all lists of revocations in one text. A set of as many takes a megabyte.
	MaxRevocations = 16 << 10
	// revocationBlock is the type of a list's PEM block.
	revocationBlock = "X509 CRL"
)

// revocations are what authorities have revoked. It is immutable.
type revocations struct {
	// fault says why the lists are of no use. Empty if they are.
	fault string
	// lists are by issuer.
	lists map[issuer]*revocationList
	// next is when the first of them expires, in seconds.
	next int64
}

// issuer tells an authority from all others, whichever of its certificates a chain has.
type issuer struct{ subject, key string }

func issuerOf(c *x509.Certificate) issuer {
	return issuer{string(c.RawSubject), string(c.RawSubjectPublicKeyInfo)}
}

// revocationList is the latest list of one issuer.
type revocationList struct {
	// revoked has serial numbers, as bytes.
	revoked map[string]struct{}
	// from and until are seconds. It holds in between.
	from, until int64
}

// readRevocations reads lists. Each has to be signed by one of the authorities.
func readRevocations(text string, authorities []*x509.Certificate) *revocations {
	r := &revocations{lists: make(map[issuer]*revocationList), next: math.MaxInt64}
	lists, fault := parseRevocations([]byte(text))
	if fault != "" {
		r.fault = fault
		return r
	}
	for _, list := range lists {
		at := slices.IndexFunc(authorities, func(a *x509.Certificate) bool { return list.CheckSignatureFrom(a) == nil })
		if at < 0 {
			r.fault = "a list of revocations, of " + nameOf(list.RawIssuer) + ", is signed by none of the authorities: put the issuer's certificate among them"
			return r
		}
		by := issuerOf(authorities[at])
		compiled := compileRevocations(list)
		if before := r.lists[by]; before == nil || before.from < compiled.from {
			r.lists[by] = compiled
		}
	}
	for _, list := range r.lists {
		r.next = min(r.next, list.until)
	}
	return r
}

// parseRevocations parses the lists in a PEM text, or says what is wrong with them.
func parseRevocations(text []byte) (lists []*x509.RevocationList, fault string) {
	entries := 0
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != revocationBlock {
			continue
		}
		list, err := parseRevocationList(block.Bytes)
		if err != nil {
			return nil, "a list of revocations cannot be read: make it anew, with openssl ca -gencrl for instance"
		}
		if partial(list) {
			return nil, "a list of revocations, of " + nameOf(list.RawIssuer) + ", says that it is a part of one: put the full list there"
		}
		if entries += len(list.RevokedCertificateEntries); entries > MaxRevocations {
			return nil, fmt.Sprintf("the lists of revocations have more than %d entries: take out the certificates that have expired", MaxRevocations)
		}
		lists = append(lists, list)
	}
	if len(lists) == 0 {
		return nil, "there is no list of revocations: put one there as PEM, which begins with BEGIN X509 CRL"
	}
	return lists, ""
}

// partial returns whether a list, or an entry of it, has to be read in another way than as a list of all that its
// issuer has revoked: delta lists, and those of other issuers or of some certificates alone (RFC 5280, section 5.2).
func partial(list *x509.RevocationList) bool {
	if slices.ContainsFunc(list.Extensions, func(e pkix.Extension) bool { return e.Critical || e.Id.Equal(deltaIndicator) }) {
		return true
	}
	return slices.ContainsFunc(list.RevokedCertificateEntries, func(r x509.RevocationListEntry) bool {
		return slices.ContainsFunc(r.Extensions, func(e pkix.Extension) bool { return e.Critical })
	})
}

// deltaIndicator is the extension of a delta list.
var deltaIndicator = asn1.ObjectIdentifier{2, 5, 29, 27}

func compileRevocations(list *x509.RevocationList) *revocationList {
	c := &revocationList{revoked: make(map[string]struct{}, len(list.RevokedCertificateEntries)), from: list.ThisUpdate.Unix(), until: math.MaxInt64}
	if !list.NextUpdate.IsZero() {
		c.until = list.NextUpdate.Unix()
	}
	for i := range list.RevokedCertificateEntries {
		c.revoked[string(list.RevokedCertificateEntries[i].SerialNumber.Bytes())] = struct{}{}
	}
	return c
}

// judge returns whether a certificate of a chain is revoked, or cannot be said not to be, and until when that holds.
func (r *revocations) judge(chain []*x509.Certificate, now time.Time) (fault Fault, text string, until int64) {
	until = math.MaxInt64
	if r.fault != "" {
		return Unjudged, "the list of revocations is of no use", until
	}
	for i := range len(chain) - 1 {
		list := r.lists[issuerOf(chain[i+1])]
		switch seconds := now.Unix(); {
		case list == nil:
			return Unjudged, "there is no list of revocations of the certificate's issuer", until
		case seconds < list.from:
			return Unjudged, "the list of revocations is not valid yet", list.from
		case seconds >= list.until:
			return Unjudged, "the list of revocations has expired", until
		}
		if _, revoked := list.revoked[string(chain[i].SerialNumber.Bytes())]; revoked {
			return Refused, "the certificate is revoked", until
		}
		until = min(until, list.until)
	}
	return Sound, "", until
}

// ReadRevocations returns the lists of revocations in a text, in PEM and without what else there is, and when the first
// of them expires, which is the zero time if none does. Or it says what is wrong with them.
func ReadRevocations(text []byte) (lists string, expires time.Time, fault string) {
	parsed, fault := parseRevocations(text)
	var of []byte
	for _, list := range parsed {
		of = append(of, pem.EncodeToMemory(&pem.Block{Type: revocationBlock, Bytes: list.Raw})...)
		if next := list.NextUpdate; !next.IsZero() && (expires.IsZero() || next.Before(expires)) {
			expires = next
		}
	}
	return string(of), expires, fault
}

// InspectRevocations returns what there is to say of lists of revocations before anybody is judged by them: why they
// are of no use, or of which authorities there is no list, and when the first of them expires. That is the zero time if
// none does.
func InspectRevocations(lists, authorities string) (fault string, without []string, expires time.Time) {
	known := certificatesOf(authorities)
	r := readRevocations(lists, known)
	if r.fault != "" {
		return r.fault, nil, time.Time{}
	}
	for _, a := range known {
		if r.lists[issuerOf(a)] == nil {
			without = append(without, nameOf(a.RawSubject))
		}
	}
	if r.next < math.MaxInt64 {
		expires = time.Unix(r.next, 0).UTC()
	}
	return "", without, expires
}

// nameOf returns a distinguished name for people.
func nameOf(der []byte) string {
	if name := Subject(der); name != "" {
		return name
	}
	return "an issuer without a name"
}
