// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"maps"
	"strings"

	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// verifiers judge the certificates of clients. Terms that are the same have one, so that a connection's verdict holds
// in all snapshots that have them.
type verifiers struct {
	known map[termsKey]*clientcert.Verifier
	// byTerms has those of the terms of a snapshot's hosts, whose texts may be long.
	byTerms map[*clientcert.Terms]*clientcert.Verifier
}

// termsKey is terms as the key of a map. A list is its texts with line breaks between them, which none of them has.
type termsKey struct {
	authorities, revocations, subjects, pattern, altNames string

	depth int
}

func newVerifiers() verifiers {
	return verifiers{known: make(map[termsKey]*clientcert.Verifier), byTerms: make(map[*clientcert.Terms]*clientcert.Verifier)}
}

func (v *verifiers) of(terms *clientcert.Terms) (*clientcert.Verifier, error) {
	if known := v.byTerms[terms]; known != nil {
		return known, nil
	}
	key := termsKey{
		terms.Authorities, terms.Revocations, strings.Join(terms.Subjects, "\n"), terms.SubjectPattern, strings.Join(terms.AltNames, "\n"), terms.Depth,
	}
	by := v.known[key]
	if by == nil {
		var err error
		if by, err = clientcert.NewVerifier(terms); err != nil {
			return nil, err
		}
		v.known[key] = by
	}
	v.byTerms[terms] = by
	return by, nil
}

// keepOnly forgets all but those of some hosts.
func (v *verifiers) keepOnly(hosts []snapshot.Host) {
	terms, used := make(map[*clientcert.Terms]bool), make(map[*clientcert.Verifier]bool)
	for i := range hosts {
		if of := hosts[i].Clients; of != nil {
			terms[of], used[v.byTerms[of]] = true, true
		}
	}
	maps.DeleteFunc(v.byTerms, func(of *clientcert.Terms, _ *clientcert.Verifier) bool { return !terms[of] })
	maps.DeleteFunc(v.known, func(_ termsKey, by *clientcert.Verifier) bool { return !used[by] })
}
