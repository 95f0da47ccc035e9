// SPDX-License-Identifier: Apache-2.0

package clientcert

import (
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Shown is what a client showed in the handshake of a connection in which it was asked for a certificate. Nil stands
// for a client that was not asked. All requests of the connection use it.
type Shown struct {
	// certificates are the client's, and those that it sent with it. Empty if it showed none.
	certificates []*x509.Certificate
	// verdicts are the latest, the last one first. judging is for whoever adds one.
	verdicts atomic.Pointer[[]*Verdict]
	judging  sync.Mutex
	// digest is the SHA-256 of the client's certificate.
	digest [sha256.Size]byte
}

// maxVerdicts is how many verdicts a connection keeps. A request needs another one if its route is another host's, or
// once the terms have changed.
const maxVerdicts = 4

// NewShown returns what a client showed, which may be nothing.
func NewShown(certificates []*x509.Certificate) *Shown {
	s := &Shown{certificates: certificates}
	if len(certificates) > 0 {
		s.digest = sha256.Sum256(certificates[0].Raw)
	}
	return s
}

// AppendDigest appends the SHA-256 of the certificate that the client showed.
func (s *Shown) AppendDigest(to []byte) []byte { return append(to, s.digest[:]...) }

// Nothing says whether the client showed no certificate.
func (s *Shown) Nothing() bool { return s == nil || len(s.certificates) == 0 }

// Judge returns the verdict by some terms at the time of a request. It is made once for each connection and terms, and
// once more when what it depends on expires. Otherwise nothing is allocated.
func (s *Shown) Judge(by *Verifier, now time.Time) *Verdict {
	if s == nil {
		return &notAsked
	}
	if v := s.known(by, now); v != nil {
		return v
	}
	s.judging.Lock()
	defer s.judging.Unlock()
	if v := s.known(by, now); v != nil {
		return v
	}
	made := by.judge(s.certificates, now)
	kept := []*Verdict{made}
	if before := s.verdicts.Load(); before != nil {
		for _, v := range *before {
			if v.by != by && len(kept) < maxVerdicts {
				kept = append(kept, v)
			}
		}
	}
	s.verdicts.Store(&kept)
	return made
}

// known returns the verdict by some terms if there is one that holds.
func (s *Shown) known(by *Verifier, now time.Time) *Verdict {
	list := s.verdicts.Load()
	if list == nil {
		return nil
	}
	at := slices.IndexFunc(*list, func(v *Verdict) bool { return v.by == by })
	if at < 0 || now.Unix() >= (*list)[at].until {
		return nil
	}
	return (*list)[at]
}

// Verdict is what is to be said of what a client showed. It is immutable.
type Verdict struct {
	Fault Fault
	// Text says what is wrong, for the client. Empty for nothing.
	Text string
	// by is what it was made by. A verdict that another one made says nothing.
	by *Verifier
	// chain leads from the client's certificate to the authority's. If it leads to none, it has the client's alone. It is
	// empty if there is none.
	chain []*x509.Certificate
	// until is when the verdict ceases to hold, in seconds.
	until int64
	forwarding
}

// notAsked is the verdict about a client that was not asked.
var notAsked = Verdict{Fault: Missing, Text: "the connection was made without asking for a certificate"}

// better says whether a verdict goes before another one about the same certificate by another way to an authority.
func (v *Verdict) better(than *Verdict) bool {
	if (v.Fault == Sound) != (than.Fault == Sound) {
		return v.Fault == Sound
	}
	return v.until > than.until
}
