// SPDX-License-Identifier: Apache-2.0

package clientcert

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
)

// Terms are what the certificate of a client has to be. In a snapshot they are plain values behind a pointer, which
// nobody changes once the proxy has the snapshot.
type Terms struct {
	// Authorities are certificates in PEM. A client's certificate has to lead to one of them.
	Authorities string
	// Revocations are certificate revocation lists in PEM. If there are any, each certificate below an authority needs a
	// list of its issuer's that does not have it. Empty for none: then no certificate is revoked.
	Revocations string
	// Depth is how many certificates may stand between a client's and the authority's.
	Depth int
	// Subjects are the distinguished names that the certificate may be for, as [Subject] spells them. Empty stands for
	// all.
	Subjects []string
	// SubjectPattern is a regular expression (RE2) that has to match somewhere in the distinguished name. Empty for none.
	SubjectPattern string
	// AltNames are the subject alternative names of which the certificate has to have one: DNS names, which may begin with
	// "*." for one label, URIs, mail addresses and IP addresses. Empty stands for all.
	AltNames []string
}

// Equal says whether two terms are the same. Either may be nil.
func (t *Terms) Equal(o *Terms) bool {
	if t == nil || o == nil {
		return t == o
	}
	return t.Authorities == o.Authorities && t.Revocations == o.Revocations && t.Depth == o.Depth && t.SubjectPattern == o.SubjectPattern &&
		slices.Equal(t.Subjects, o.Subjects) && slices.Equal(t.AltNames, o.AltNames)
}

// ID is the same for the same terms in all processes, and differs for all others.
func (t *Terms) ID() string {
	digest := sha256.New()
	write := func(text string) {
		_ = binary.Write(digest, binary.BigEndian, uint64(len(text)))
		digest.Write([]byte(text))
	}
	list := func(texts []string) {
		_ = binary.Write(digest, binary.BigEndian, uint64(len(texts)))
		for _, text := range texts {
			write(text)
		}
	}
	list([]string{t.Authorities, t.Revocations, t.SubjectPattern})
	list(t.Subjects)
	list(t.AltNames)
	_ = binary.Write(digest, binary.BigEndian, uint64(t.Depth))
	return hex.EncodeToString(digest.Sum(nil)[:16])
}
