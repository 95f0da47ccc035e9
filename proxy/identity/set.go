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
	asking       *Asking
	// listeners are who we are at the addresses of listeners. The set of one has names in place of all else.
	listeners map[netip.AddrPort]*Set
	names     *Names
}

// Listener returns who we are to clients that come to a listener of the snapshot. There is nobody at an address that
// has none.
func (s *Set) Listener(at netip.AddrPort) *Set {
	if of := s.listeners[at]; of != nil {
		return of
	}
	return &Set{names: newNames()}
}

// Names returns the names that a listener of the snapshot takes connections for. It returns nil if they say nothing of
// which requests may come over which of its connections.
func (s *Set) Names(listener netip.AddrPort) *Names {
	if of := s.listeners[listener]; of != nil && (of.names.count > 1 || of.names.asks) {
		return of.names
	}
	return nil
}

// Asking returns for which hosts clients are asked for certificates, of those that are no listener's.
func (s *Set) Asking() *Asking { return s.asking }

// Validity returns when the certificate at an index of the snapshot begins to be valid, and when it ceases to be.
func (s *Set) Validity(i int) (notBefore, notAfter time.Time) {
	loaded := s.certificates.loaded[i]
	return loaded.notBefore, loaded.notAfter
}

// Common returns the certificate that a client of today is served for a host, as its index in the snapshot. others says
// that the host gets it because it is for every other name. ok is false if there is none.
func (s *Set) Common(host string) (index int, others, ok bool) {
	found := s.certificates.find(commonHello(host))
	index, ok = s.indexOf(found)
	return index, ok && !slices.Contains(s.certificates.named(host), found), ok
}

// CommonAt is [Set.Common] for a listener of the snapshot. terms are those that a client has to meet for the host, as
// [Clients.ID] returns them.
func (s *Set) CommonAt(listener netip.AddrPort, host string) (index int, others, ok bool, terms string) {
	names := s.Listener(listener).names
	index, ok = s.indexOf(names.certificate(commonHello(host)))
	served := names.of(host)
	if served != nil {
		terms = served.clients.ID()
	}
	return index, ok && served == names.others, ok, terms
}

// indexOf returns the index of a certificate in the snapshot. ok is false for nil.
func (s *Set) indexOf(found *servedCertificate) (index int, ok bool) {
	if found == nil {
		return 0, false
	}
	index = slices.Index(s.certificates.loaded, found)
	return index, index >= 0
}

// Certificate returns the certificate for a handshake. If there are several, it is one that the client can use, if any.
// It returns nil if there is none for the name and no default. crypto/tls answers that with the alert unrecognized_name
// (RFC 6066, section 3).
func (s *Set) Certificate(hello *tls.ClientHelloInfo) *tls.Certificate {
	if s.names != nil {
		return s.names.certificate(hello).forHandshakes()
	}
	return s.certificates.find(hello).forHandshakes()
}

// clients returns what a client has to prove that sends a server name, nil for nothing. For a host that is no
// listener's, whatever it shows is judged with each request.
func (s *Set) clients(name string) *Clients {
	if s.asking != nil {
		if by := s.asking.of(spelled(name)); by != nil {
			return &Clients{authorities: by.Authorities(), optional: true, id: by.ID()}
		}
		return nil
	}
	if s.names == nil || !s.names.asks {
		return nil
	}
	if served := s.names.of(spelled(name)); served != nil {
		return served.clients
	}
	return nil
}

// serve says whether there is any certificate for a name in lower case.
func (s *Set) serve(name string) bool {
	if s.names != nil {
		served := s.names.of(name)
		return served != nil && len(served.certificates) > 0
	}
	return s.certificates.serve(name)
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
