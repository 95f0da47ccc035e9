// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"runtime"

	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/uses"
)

// Store keeps what is costly to make and what several names have in common, from one snapshot to the next. Only one
// goroutine may use it at a time.
type Store struct {
	// clients has what clients have to prove.
	clients   uses.Map[snapshot.ClientCertificates, *Clients]
	verifiers verifiers
	signing   signing
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{verifiers: newVerifiers(), signing: newSigning(runtime.GOMAXPROCS(0))}
}

// Compile makes the set of a snapshot from the set of the one before, by what differs between the two. It fails if a
// certificate's chain and key do not match. The error names the certificate.
func (s *Store) Compile(of *snapshot.Snapshot, c *snapshot.Changes, before *Set) (*Set, error) {
	certificates, err := s.compileCertificates(of, c, &before.certificates)
	if err != nil {
		return nil, err
	}
	answers := before.challenges
	if c.Challenges {
		if answers, err = compileChallenges(of.Challenges, &before.challenges); err != nil {
			return nil, err
		}
	}
	listeners, err := s.compileListeners(of, c, &certificates, before)
	if err != nil {
		return nil, err
	}
	return &Set{
		certificates: certificates, challenges: answers, listeners: listeners, asking: s.compileAsking(of.Hosts, c, before.asking),
	}, nil
}

// CompileAnew makes the set of a snapshot from nothing. See [Store.Compile].
func (s *Store) CompileAnew(of *snapshot.Snapshot) (*Set, error) {
	c, err := snapshot.Compare(new(snapshot.Snapshot), of)
	if err != nil {
		return nil, err
	}
	return s.Compile(of, c, new(Set))
}

// KeepOnly notes what a snapshot that is served has in place of the one before. It forgets what clients had to prove
// that none of them has. Without changes, it forgets what was made for snapshots that are not served after all.
func (s *Store) KeepOnly(c *snapshot.Changes) {
	if c != nil {
		for i := range c.Listeners {
			if l := &c.Listeners[i]; l.Names {
				countClients(l.After, s.clients.Use)
				countClients(l.Before, s.clients.Drop)
			}
		}
		for i := range c.Hosts {
			s.verifiers.count(c.Hosts[i].After, s.verifiers.known.Use)
			s.verifiers.count(c.Hosts[i].Before, s.verifiers.known.Drop)
		}
	}
	s.clients.Sweep(nil)
	s.verifiers.sweep()
}

// Kept returns how many things are kept that clients have to prove in handshakes, and how many terms of certificates.
func (s *Store) Kept() (clients, verifiers int) { return s.clients.Len(), s.verifiers.known.Len() }

// countClients counts what clients of a listener have to prove. It may be nil.
func countClients(l *snapshot.Listener, count func(snapshot.ClientCertificates)) {
	if l == nil {
		return
	}
	for i := range l.Names {
		if of := l.Names[i].Clients; of != (snapshot.ClientCertificates{}) {
			count(of)
		}
	}
}

// Verifier returns what judges certificates by some terms: always the same for the same, as long as hosts of a snapshot
// have them.
func (s *Store) Verifier(terms *clientcert.Terms) (*clientcert.Verifier, error) {
	return s.verifiers.of(terms)
}
