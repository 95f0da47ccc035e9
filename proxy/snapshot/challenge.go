// SPDX-License-Identifier: Apache-2.0

package snapshot

import "cmp"

// Challenge is a request of a certificate authority for a proof that a name is served here.
type Challenge struct {
	// Host is an exact name in lower case.
	Host string
	// Token is the authority's name for the challenge. KeyAuthorization is the proof (RFC 8555, section 8.1). It is
	// written to no log.
	Token, KeyAuthorization string
	Type                    ChallengeType
}

// ChallengeType says how the authority asks.
type ChallengeType uint8

const (
	// ChallengeHTTP01 asks over plain HTTP, for a path that ends in the token (RFC 8555, section 8.3).
	ChallengeHTTP01 ChallengeType = iota
	// ChallengeTLSALPN01 asks by a handshake that offers no protocol but acme-tls/1 (RFC 8737). The handshake does not
	// name the token. So if a host has several of these challenges, the first one is answered.
	ChallengeTLSALPN01
)

// compare orders challenges by host, type and token.
func (c *Challenge) compare(o *Challenge) int {
	return cmp.Or(cmp.Compare(c.Host, o.Host), cmp.Compare(c.Type, o.Type), cmp.Compare(c.Token, o.Token))
}
