// SPDX-License-Identifier: Apache-2.0

package clientcert

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// unsigned is what a list of revocations says (RFC 5280, section 5.1).
type unsigned struct {
	Version                int `asn1:"optional"` // of the second, 1
	Signature              pkix.AlgorithmIdentifier
	Issuer                 pkix.RDNSequence
	ThisUpdate, NextUpdate time.Time
	RevokedCertificates    []pkix.RevokedCertificate `asn1:"optional"`
	Extensions             []pkix.Extension          `asn1:"tag:0,optional,explicit"`
}

// firstVersion is a list of revocations of version 1, as openssl ca makes it, with changes.
func (of *issuing) firstVersion(t *testing.T, revoked []*issuing, change ...func(*unsigned)) string {
	t.Helper()
	algorithm := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}} // ecdsa-with-SHA256
	list := unsigned{Signature: algorithm, ThisUpdate: start.Add(-time.Hour), NextUpdate: start.Add(time.Hour / 2)}
	if _, err := asn1.Unmarshal(of.RawSubject, &list.Issuer); err != nil {
		t.Fatal(err)
	}
	for _, c := range revoked {
		list.RevokedCertificates = append(list.RevokedCertificates, pkix.RevokedCertificate{SerialNumber: c.SerialNumber, RevocationTime: start})
	}
	for _, f := range change {
		f(&list)
	}
	signed, err := asn1.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(signed)
	signature, err := of.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(struct {
		List      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: signed}, algorithm, asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}})
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
}

func TestListsOfTheFirstVersionCount(t *testing.T) {
	root := (*issuing)(nil).issue(t, "root", authority)
	sibling := (*issuing)(nil).issue(t, "root", authority)
	good, revoked := root.issue(t, "good"), root.issue(t, "revoked")
	list := root.firstVersion(t, []*issuing{revoked})
	extension := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 20}, Value: []byte{2, 1, 1}}
	for _, test := range []struct {
		name, lists string
		of          *issuing
		want        Fault
		text        string
	}{
		{"not revoked", list, good, Sound, ""},
		{"revoked", list, revoked, Refused, "the certificate is revoked"},
		{"revoked, by a list without any number", root.firstVersion(t, []*issuing{good, revoked}), good, Refused, "the certificate is revoked"},
		{"nobody is revoked", root.firstVersion(t, nil), revoked, Sound, ""},
		{"after its time", root.firstVersion(t, nil, func(l *unsigned) { l.NextUpdate = start }), good, Unjudged, "the list of revocations has expired"},
		{"before its time", root.firstVersion(t, nil, func(l *unsigned) { l.ThisUpdate = start.Add(time.Minute) }), good, Unjudged, "the list of revocations is not valid yet"},
		{"of a sibling", sibling.firstVersion(t, nil), good, Unjudged, "the list of revocations is of no use"},
		{"with an extension", root.firstVersion(t, nil, func(l *unsigned) { l.Extensions = []pkix.Extension{extension} }), good, Unjudged,
			"the list of revocations is of no use"},
		{"with an extension of an entry", root.firstVersion(t, nil, func(l *unsigned) {
			l.RevokedCertificates = []pkix.RevokedCertificate{{SerialNumber: big.NewInt(1), RevocationTime: start, Extensions: []pkix.Extension{extension}}}
		}), good, Unjudged, "the list of revocations is of no use"},
		{"of a third version", root.firstVersion(t, nil, func(l *unsigned) { l.Version = 2 }), good, Unjudged, "the list of revocations is of no use"},
		{"a list of the second version that is later", list + root.revoke(t, []*issuing{good}, func(l *x509.RevocationList) { l.ThisUpdate = start.Add(-time.Minute) }),
			good, Refused, "the certificate is revoked"},
	} {
		v := verifier(t, &Terms{Authorities: root.pem(), Revocations: test.lists})
		if got := v.judge(chain(test.of), start); got.Fault != test.want || got.Text != test.text {
			t.Errorf("%s: got %v %q, want %v %q", test.name, got.Fault, got.Text, test.want, test.text)
		}
	}
	read, expires, fault := ReadRevocations([]byte("# a comment\n" + list))
	if diff := cmp.Diff(list, read); diff != "" || fault != "" || !expires.Equal(start.Add(time.Hour/2)) {
		t.Errorf("read with the fault %q until %v (-want +got):\n%s", fault, expires, diff)
	}
}

func FuzzRevocationLists(f *testing.F) {
	f.Add([]byte{0x30, 0})
	f.Add([]byte{0x30, 6, 0x30, 0, 0x30, 0, 3, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		list, err := parseRevocationList(der)
		if err == nil && (list == nil || len(list.RawTBSRevocationList) == 0) {
			t.Error("a list was read of nothing")
		}
	})
}
