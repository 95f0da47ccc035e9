// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/tls"
	"runtime"

	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Store keeps what is costly to make from one snapshot to the next. Only one goroutine may use it at a time.
type Store struct {
	// parsed has certificates by id.
	parsed map[string]*loadedCertificate
	// answers has the configurations that answer TLS-ALPN-01 challenges.
	answers map[alpnChallenge]*tls.Config
	// clients has what clients have to prove.
	clients   map[snapshot.ClientCertificates]*Clients
	verifiers verifiers
	signing   signing
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{
		parsed: make(map[string]*loadedCertificate), clients: make(map[snapshot.ClientCertificates]*Clients),
		verifiers: newVerifiers(),
		signing:   newSigning(runtime.GOMAXPROCS(0)),
	}
}

// Compile makes the set of a snapshot. It fails if a certificate's chain and key do not match. The error names the
// certificate.
func (s *Store) Compile(of *snapshot.Snapshot) (*Set, error) {
	c, err := s.compileCertificates(of.Certificates, of.Hosts)
	if err != nil {
		return nil, err
	}
	answers, err := s.compileChallenges(of.Challenges)
	if err != nil {
		return nil, err
	}
	listeners, err := s.compileListeners(of)
	if err != nil {
		return nil, err
	}
	return &Set{certificates: c, challenges: answers, listeners: listeners, asking: s.compileAsking(of.Hosts)}, nil
}

// KeepOnly forgets all but the certificates of a snapshot, and what its clients have to prove.
func (s *Store) KeepOnly(of *snapshot.Snapshot) {
	kept := make(map[string]bool, len(of.Certificates))
	for i := range of.Certificates {
		kept[of.Certificates[i].ID] = true
	}
	for id := range s.parsed {
		if !kept[id] {
			delete(s.parsed, id)
		}
	}
	proofs := make(map[snapshot.ClientCertificates]bool)
	for i := range of.Listeners {
		for j := range of.Listeners[i].Names {
			proofs[of.Listeners[i].Names[j].Clients] = true
		}
	}
	for proof := range s.clients {
		if !proofs[proof] {
			delete(s.clients, proof)
		}
	}
	s.verifiers.keepOnly(of.Hosts)
}

// Verifier returns what judges certificates by some terms: always the same for the same, as long as hosts of a snapshot
// have them.
func (s *Store) Verifier(terms *clientcert.Terms) (*clientcert.Verifier, error) {
	return s.verifiers.of(terms)
}
