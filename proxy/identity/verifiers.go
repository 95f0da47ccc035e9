// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"strings"

	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/uses"
)

// verifiers judge the certificates of clients. Terms that are the same have one, so that a connection's verdict holds
// in all snapshots that have them.
type verifiers struct {
	known uses.Map[termsKey, *clientcert.Verifier]
	// byTerms has those of terms that were asked for since the last sweep, whose texts may be long.
	byTerms map[*clientcert.Terms]*clientcert.Verifier
}

// termsKey is terms as the key of a map. A list is its texts with line breaks between them, which none of them has.
type termsKey struct {
	authorities, revocations, subjects, pattern, altNames string

	depth int
}

func newVerifiers() verifiers {
	return verifiers{byTerms: make(map[*clientcert.Terms]*clientcert.Verifier)}
}

func keyOf(terms *clientcert.Terms) termsKey {
	return termsKey{
		terms.Authorities, terms.Revocations, strings.Join(terms.Subjects, "\n"), terms.SubjectPattern, strings.Join(terms.AltNames, "\n"), terms.Depth,
	}
}

func (v *verifiers) of(terms *clientcert.Terms) (*clientcert.Verifier, error) {
	if known := v.byTerms[terms]; known != nil {
		return known, nil
	}
	key := keyOf(terms)
	by, ok := v.known.Get(key)
	if !ok {
		var err error
		if by, err = clientcert.NewVerifier(terms); err != nil {
			return nil, err
		}
		v.known.Add(key, by)
	}
	v.byTerms[terms] = by
	return by, nil
}

// count counts the terms of a host, if it has any that make sense. It may be nil.
func (v *verifiers) count(h *snapshot.Host, count func(termsKey)) {
	if h == nil || h.Clients == nil {
		return
	}
	key := keyOf(h.Clients)
	if _, ok := v.known.Get(key); ok {
		count(key)
	}
}

// sweep forgets the terms that no host has.
func (v *verifiers) sweep() {
	v.known.Sweep(nil)
	clear(v.byTerms)
}
