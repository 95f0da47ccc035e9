// SPDX-License-Identifier: Apache-2.0

package snapshot

import "cmp"

// Challenge is what a certificate authority asks for to see that a name is served here.
type Challenge struct {
	// Host is an exact name in lower case.
	Host string
	// Token is the authority's name for the challenge. KeyAuthorization is what proves it (RFC 8555, section 8.1); it is
	// written to no log.
	Token, KeyAuthorization string
	Type                    ChallengeType
}

// ChallengeType says how the authority asks.
type ChallengeType uint8

const (
	// ChallengeHTTP01 is asked for over plain HTTP, by a path that ends in the token (RFC 8555, section 8.3).
	ChallengeHTTP01 ChallengeType = iota
	// ChallengeTLSALPN01 is asked for by a handshake that offers the protocol acme-tls/1 alone (RFC 8737). It does not
	// tell the token, so of several for one host the first is answered.
	ChallengeTLSALPN01
)

// compare orders challenges by host, type and token.
func (c *Challenge) compare(o *Challenge) int {
	return cmp.Or(cmp.Compare(c.Host, o.Host), cmp.Compare(c.Type, o.Type), cmp.Compare(c.Token, o.Token))
}
