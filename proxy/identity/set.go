// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/tls"
	"net/netip"
	"slices"
	"time"
)

// Set is who we are to clients in one snapshot: certificates by name, and answers to authorities that ask whether a
// name is served here. It is immutable. The zero value has none.
type Set struct {
	certificates certificates
	challenges   challenges
	// listeners are who we are at the addresses of listeners.
	listeners map[netip.AddrPort]*Set
}

// Listener returns who we are to clients that come to a listener of the snapshot. There is nobody at an address that
// has none.
func (s *Set) Listener(at netip.AddrPort) *Set {
	if of := s.listeners[at]; of != nil {
		return of
	}
	return &Set{}
}

// Validity returns when the certificate at an index of the snapshot begins to be valid, and when it ceases to be.
func (s *Set) Validity(i int) (notBefore, notAfter time.Time) {
	loaded := s.certificates.loaded[i]
	return loaded.notBefore, loaded.notAfter
}

// Common returns the certificate that a client of today is served for a host, as its index in the snapshot. others says
// that the host gets it because it is for every other name. ok is false if there is none.
func (s *Set) Common(host string) (index int, others, ok bool) {
	found := s.certificates.find(commonHello(host))
	if found == nil {
		return 0, false, false
	}
	index = slices.IndexFunc(s.certificates.loaded, func(l *loadedCertificate) bool { return l.parsed == found || l.withLeaf == found })
	return index, !slices.Contains(s.certificates.named(host), found), index >= 0
}

// Certificate returns the certificate for a handshake. If there are several, it is one that the client can use, if any.
// It returns nil if there is none for the name and no default. crypto/tls answers that with the alert unrecognized_name
// (RFC 6066, section 3).
func (s *Set) Certificate(hello *tls.ClientHelloInfo) *tls.Certificate {
	return s.certificates.find(hello)
}

// Handshake returns the configuration that answers a handshake if that is a challenge, and nil otherwise.
func (s *Set) Handshake(hello *tls.ClientHelloInfo) *tls.Config { return s.challenges.handshake(hello) }

// Proof returns the key authorization that answers a plain request for the host and the path. It returns "" if there is
// none.
func (s *Set) Proof(method, host, path []byte) string {
	if len(s.challenges.http) == 0 {
		return ""
	}
	return s.challenges.find(method, host, path)
}
