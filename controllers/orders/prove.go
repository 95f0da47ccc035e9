// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/warren-dev/ingress/controllers/acme"
)

const (
	// firstLook is the pause between a step and the first look at how far the authority is.
	firstLook = 500 * time.Millisecond
	// longestLook is the longest pause between two such looks, whatever the authority asks for.
	longestLook = time.Minute
)

// authorize makes the answers for the hosts that are not proven yet.
func (j *Job) authorize(ctx context.Context) (time.Duration, error) {
	a := j.attempt()
	var answers []presented
	for _, url := range a.Order.Authorizations {
		authorization, err := j.Authority.Authorization(ctx, j.account, url)
		if err != nil {
			return 0, err
		}
		if authorization.Valid {
			continue
		}
		i := slices.IndexFunc(authorization.Challenges, func(c acme.Challenge) bool { return c.Type == a.Method })
		if i < 0 {
			return 0, &acme.Error{Step: "choosing a challenge", Kind: acme.Refused, Detail: "the authority does not offer " + a.Method + " for " + authorization.Host}
		}
		c := authorization.Challenges[i]
		answers = append(answers, presented{Host: authorization.Host, Type: c.Type, Token: c.Token, KeyAuthorization: c.KeyAuthorization,
			URL: c.URL, Authorization: url, Accepted: c.Taken})
	}
	a.Presented, a.PresentedAt, a.Authorized, a.Visible = answers, j.Now(), true, len(answers) == 0
	return AtOnce, j.persist(ctx)
}

// show has the solver present the answers, and waits until they are visible.
func (j *Job) show(ctx context.Context) (time.Duration, error) {
	a := j.attempt()
	by, err := j.solver()
	if err != nil {
		return 0, err
	}
	if err := by.present(ctx, a); err != nil {
		return 0, &SolverError{Text: "the answers to the " + a.Method + " challenges cannot be presented", Err: err}
	}
	missing, again, err := by.visible(ctx, a)
	switch {
	case err != nil:
		return 0, &SolverError{Text: "it cannot be seen whether the " + a.Method + " challenges are answered", Err: err}
	case len(missing) > 0:
		return max(again, PresencePause), nil
	}
	a.Visible = true
	return AtOnce, j.persist(ctx)
}

// prove asks the authority to look at the next challenge. If it was asked to look at all of them, prove asks how far it
// is.
func (j *Job) prove(ctx context.Context) (time.Duration, error) {
	a := j.attempt()
	for i := range a.Presented {
		p := &a.Presented[i]
		if p.Accepted {
			continue
		}
		if err := j.accept(ctx, p); err != nil {
			return 0, err
		}
		p.Accepted, a.Looked = true, 0
		return AtOnce, j.persist(ctx)
	}
	wait, unproven := time.Duration(0), false
	if a.Looked > 0 {
		for i := range a.Presented {
			p := &a.Presented[i]
			if p.Proven {
				continue
			}
			authorization, err := j.Authority.Authorization(ctx, j.account, p.Authorization)
			if err != nil {
				return 0, err
			}
			p.Proven = authorization.Valid
			unproven, wait = unproven || !p.Proven, max(wait, authorization.RetryAfter)
		}
		if !unproven {
			return j.look(ctx)
		}
	}
	a.Looked++
	return nextLook(a.Looked, wait), j.persist(ctx)
}

// accept asks the authority to look at a challenge. A process that has died since may have asked already: then the
// authority takes the request for malformed, and accept returns nil.
func (j *Job) accept(ctx context.Context, p *presented) error {
	err := j.Authority.Accept(ctx, j.account, p.challenge())
	if failed, ok := errors.AsType[*acme.Error](err); ok && failed.Type == "malformed" {
		if authorization, lookErr := j.Authority.Authorization(ctx, j.account, p.Authorization); lookErr != nil || authorization.Valid ||
			slices.ContainsFunc(authorization.Challenges, func(c acme.Challenge) bool { return c.URL == p.URL && c.Taken }) {
			return lookErr
		}
	}
	return err
}
