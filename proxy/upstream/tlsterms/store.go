// SPDX-License-Identifier: Apache-2.0

package tlsterms

import (
	"unsafe"

	"github.com/warren-dev/ingress/proxy/uses"
)

// Terms say how endpoints are spoken to over TLS, and what they have to prove. The zero value is no TLS.
type Terms struct {
	// ServerName is the name or IP address that the endpoint's certificate has to be for.
	ServerName string
	// ServerNameFromRequest puts the host of each request in the place of ServerName. ServerName stays for the requests
	// whose host can be none.
	ServerNameFromRequest bool
	// Authorities are certificates as PEM. The endpoint's certificate has to lead to one of them. Empty: the system's.
	Authorities string
	// SkipVerify accepts every certificate.
	SkipVerify bool
	// AltNames are the names of which the certificate has to be for one, in place of ServerName. There is a space between
	// two of them. One with a colon is a URI, and others are DNS names. Empty for none.
	AltNames string
	// ClientChain and ClientKey are the certificate that is shown to an endpoint that asks for one, as PEM. Empty for
	// none.
	ClientChain, ClientKey string
	// Obsolete allows versions before TLS 1.2, and cipher suites that are no longer thought secure.
	Obsolete bool
}

// Store makes TLS from terms, once for equal ones. Only one goroutine may use it at a time.
type Store struct {
	parsed uses.Map[parsedTerms, *TLS]
	// authorities has the parsed lists.
	authorities authorities
}

// NewStore returns an empty store.
func NewStore() *Store { return new(Store) }

// Get returns the TLS for terms. It is the same for equal terms, and nil for no TLS. Get fails if the authorities hold
// no certificate, or if the certificate that is shown and its key do not match.
func (s *Store) Get(t Terms) (*TLS, error) {
	if t == (Terms{}) {
		return nil, nil
	}
	terms, err := s.parse(t)
	if err != nil {
		return nil, err
	}
	known, ok := s.parsed.Get(terms)
	if !ok {
		if known, err = newTLS(&terms); err != nil {
			return nil, err
		}
		s.parsed.Add(terms, known)
	}
	return known, nil
}

func (s *Store) parse(t Terms) (terms parsedTerms, err error) {
	terms.serverName, terms.fromRequest = t.ServerName, t.ServerNameFromRequest
	terms.skipVerify, terms.obsolete = t.SkipVerify, t.Obsolete
	terms.altNames, terms.clientChain, terms.clientKey = t.AltNames, t.ClientChain, t.ClientKey
	if t.Authorities != "" {
		terms.authorities, err = s.authorities.parse(t.Authorities)
	}
	return terms, err
}

// Use notes that one thing more uses terms, for which Get did not fail.
func (s *Store) Use(t Terms) { s.count(t, s.parsed.Use, s.authorities.texts.Use) }

// Drop notes that one thing less uses terms.
func (s *Store) Drop(t Terms) { s.count(t, s.parsed.Drop, s.authorities.texts.Drop) }

func (s *Store) count(t Terms, terms func(parsedTerms), text func(*byte)) {
	if t == (Terms{}) {
		return
	}
	parsed, err := s.parse(t)
	if err != nil {
		return // Nothing was made of it.
	}
	terms(parsed)
	if t.Authorities != "" {
		text(unsafe.StringData(t.Authorities))
	}
}

// Sweep forgets the terms that nothing uses.
func (s *Store) Sweep() {
	s.parsed.Sweep(nil)
	s.authorities.texts.Sweep(nil)
}

// Size returns how many terms are kept, and how many different lists of authorities.
func (s *Store) Size() (terms, authorities int) {
	different := make(map[any]bool)
	for _, a := range s.authorities.texts.All() {
		different[a.parsed] = true
	}
	return s.parsed.Len(), len(different)
}
