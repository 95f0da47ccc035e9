// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"math"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Clients is what clients have to prove in a handshake. It is immutable.
type Clients struct {
	authorities *x509.CertPool
	optional    bool
	// id is the same for the same proof, in all snapshots and all processes.
	id string
}

// ID tells what has to be proven from all else. It is empty for nothing, which nil stands for.
func (c *Clients) ID() string {
	if c == nil {
		return ""
	}
	return c.id
}

// ProvenUntil returns when a client that has shown a certificate ceases to prove who it is, in seconds since 1970, by
// the chains that its certificate was verified by. It is 0 if it was not verified.
func ProvenUntil(chains [][]*x509.Certificate) (until int64) {
	for _, chain := range chains {
		soonest := int64(math.MaxInt64)
		for _, c := range chain {
			soonest = min(soonest, c.NotAfter.Unix())
		}
		until = max(until, soonest)
	}
	return until
}

var errNoAuthority = errors.New("the authorities of clients hold no certificate")

// compileClients returns what clients have to prove, or what was compiled of the same for an earlier snapshot.
func (s *Store) compileClients(of snapshot.ClientCertificates) (*Clients, error) {
	if of == (snapshot.ClientCertificates{}) {
		return nil, nil
	}
	if known, ok := s.clients.Get(of); ok {
		return known, nil
	}
	c := &Clients{authorities: x509.NewCertPool(), optional: of.Optional}
	if !c.authorities.AppendCertsFromPEM([]byte(of.Authorities)) {
		return nil, errNoAuthority
	}
	digest := sha256.Sum256([]byte(of.Authorities))
	c.id = hex.EncodeToString(digest[:16])
	if c.optional {
		c.id += " optional"
	}
	s.clients.Add(of, c)
	return c, nil
}
