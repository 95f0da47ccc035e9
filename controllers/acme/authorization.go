// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"time"

	"github.com/go-acme/lego/v4/acme"
)

// The types of challenges that this package knows (RFC 8555, section 8.3, and RFC 8737).
const (
	ChallengeHTTP01    = "http-01"
	ChallengeTLSALPN01 = "tls-alpn-01"
)

// Authorization is one name that has to be proven.
type Authorization struct {
	Host string
	// Valid is set if the name is proven.
	Valid bool
	// Challenges are the ways to prove it that the authority offers, without those of unknown types.
	Challenges []Challenge
	// RetryAfter is how long to wait before looking again, 0 if the authority does not say.
	RetryAfter time.Duration
}

// Challenge is a way to prove a name.
type Challenge struct {
	Type, URL, Token string
	// KeyAuthorization is what the authority has to find (RFC 8555, section 8.1).
	KeyAuthorization string
	// Taken is set if the authority has been asked to look at the challenge.
	Taken bool
}

// Authorization looks at an authorization. If it cannot be proven any more, it returns an error with the authority's
// words.
func (c *Client) Authorization(ctx context.Context, account Account, url string) (Authorization, error) {
	const step = "looking at the authorization"
	s, err := c.accountSession(ctx, account)
	if err != nil {
		return Authorization{}, notPossible(step, err)
	}
	found, err := s.Authorizations.Get(url)
	if err != nil {
		return Authorization{}, s.transport.explain(step, err)
	}
	a := Authorization{Host: found.Identifier.Value, Valid: found.Status == acme.StatusValid, RetryAfter: s.transport.retryAfter()}
	if !a.Valid && found.Status != acme.StatusPending {
		return a, problemError(a.Host+" is not proven", fault(found.Challenges))
	}
	for _, challenge := range found.Challenges {
		if challenge.Type != ChallengeHTTP01 && challenge.Type != ChallengeTLSALPN01 {
			continue
		}
		proof, err := s.GetKeyAuthorization(challenge.Token)
		if err != nil {
			return Authorization{}, notPossible(step, err)
		}
		a.Challenges = append(a.Challenges, Challenge{Type: challenge.Type, URL: challenge.URL, Token: challenge.Token,
			KeyAuthorization: proof, Taken: challenge.Status != acme.StatusPending})
	}
	return a, nil
}

// fault returns what the authority found wrong with a challenge.
func fault(challenges []acme.Challenge) *acme.ProblemDetails {
	for _, challenge := range challenges {
		if challenge.Error != nil {
			return challenge.Error
		}
	}
	return nil
}

// Accept asks the authority to look at a challenge.
func (c *Client) Accept(ctx context.Context, account Account, challenge Challenge) error {
	const step = "having a challenge looked at"
	s, err := c.accountSession(ctx, account)
	if err != nil {
		return notPossible(step, err)
	}
	if _, err := s.Challenges.New(challenge.URL); err != nil {
		return s.transport.explain(step, err)
	}
	return nil
}
