// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/go-acme/lego/v4/acme"
)

// ExternalAccount binds an account to another one that the authority knows already (RFC 8555, section 7.3.4).
type ExternalAccount struct {
	KeyID string
	// HMACKey is in base64url, as authorities hand it out.
	HMACKey string
}

// sound returns whether the key can be decoded, with or without padding.
func (e *ExternalAccount) sound() bool {
	_, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(e.HMACKey, "="))
	return err == nil
}

// Register returns the URL of the key's account. It makes the account if there is none, and agrees to the authority's
// terms of service. If email is empty, the account has no contact.
func (c *Client) Register(ctx context.Context, key crypto.Signer, email string, external *ExternalAccount) (string, error) {
	const step = "registering the account"
	s, err := c.session(ctx, Account{Key: key})
	if err != nil {
		return "", err
	}
	wanted := acme.Account{TermsOfServiceAgreed: true}
	if email != "" {
		wanted.Contact = []string{"mailto:" + email}
	}
	var made acme.ExtendedAccount
	switch {
	case external != nil && !external.sound():
		return "", &Error{Step: step, Kind: Refused, Detail: "the hmacKey of the external account is not base64url, as authorities hand it out"}
	case external != nil:
		made, err = s.Accounts.NewEAB(wanted, external.KeyID, external.HMACKey)
	case s.GetDirectory().Meta.ExternalAccountRequired:
		return "", &Error{Step: step, Kind: Refused, Type: "externalAccountRequired",
			Detail: "the authority only takes accounts that are bound to an external one: name its Secret with --acme-eab-secret"}
	default:
		made, err = s.Accounts.New(wanted)
	}
	switch {
	case err != nil:
		return "", s.transport.explain(step, err)
	case made.Location == "":
		return "", s.transport.explain(step, errors.New("the authority names no URL"))
	case made.Status == acme.StatusDeactivated:
		return "", &Error{Step: step, Kind: NotAuthorized, Detail: "the account is " + made.Status}
	case made.Status != acme.StatusValid && made.Status != "":
		return "", &Error{Step: step, Kind: Refused, Detail: "the account is " + made.Status}
	}
	return made.Location, nil
}

// FindAccount returns the URL of the key's account (RFC 8555, section 7.3.1), and makes none. The URL is empty if the
// authority knows no such account. closed is set if it knows one that cannot be used any more.
func (c *Client) FindAccount(ctx context.Context, key crypto.Signer) (url string, closed bool, err error) {
	const step = "looking for the account"
	s, err := c.session(ctx, Account{Key: key})
	if err != nil {
		return "", false, err
	}
	found, err := s.Accounts.New(acme.Account{OnlyReturnExisting: true})
	if err != nil {
		switch failed := s.transport.explain(step, err); failed.Kind {
		case AccountGone:
			return "", false, nil
		case NotAuthorized:
			return "", true, nil
		default:
			return "", false, failed
		}
	}
	switch found.Status {
	case acme.StatusValid, "":
		return found.Location, false, nil
	case acme.StatusDeactivated:
		return "", true, nil
	}
	return "", false, &Error{Step: step, Kind: Refused,
		Detail: "the account is " + found.Status + ": delete its Secret to have another"}
}
