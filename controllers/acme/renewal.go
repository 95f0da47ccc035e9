// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-acme/lego/v4/acme"
	"github.com/go-acme/lego/v4/acme/api"
)

// ErrNoRenewalInfo is returned for an authority that does not say when to renew.
var ErrNoRenewalInfo = errors.New("the authority has no renewal information")

// Window is the time in which the authority wants a certificate to be renewed.
type Window struct {
	Start, End time.Time
	// RetryAfter is how long to wait before asking again, 0 if the authority does not say.
	RetryAfter time.Duration
}

// RenewalInfo asks when to renew a certificate (RFC 9773, section 4). It needs no account.
func (c *Client) RenewalInfo(ctx context.Context, leaf *x509.Certificate) (Window, error) {
	const step = "asking when to renew"
	id, err := CertificateID(leaf)
	if err != nil {
		return Window{}, ErrNoRenewalInfo
	}
	// Lego's client needs a key even for a request that nobody signs.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Window{}, notPossible(step, err)
	}
	s, err := c.session(ctx, Account{Key: key})
	if err != nil {
		return Window{}, err
	}
	response, err := s.Certificates.GetRenewalInfo(id)
	switch {
	case errors.Is(err, api.ErrNoARI):
		return Window{}, ErrNoRenewalInfo
	case err != nil:
		return Window{}, s.transport.explain(step, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Window{}, s.transport.explain(step, fmt.Errorf("status %d", response.StatusCode))
	}
	var info acme.RenewalInfoResponse
	if err := json.NewDecoder(response.Body).Decode(&info); err != nil {
		return Window{}, s.transport.explain(step, err)
	}
	if !info.SuggestedWindow.Start.Before(info.SuggestedWindow.End) {
		return Window{}, s.transport.explain(step, errors.New("the suggested window has no length"))
	}
	return Window{Start: info.SuggestedWindow.Start, End: info.SuggestedWindow.End, RetryAfter: s.transport.retryAfter()}, nil
}

// CertificateID returns the name of a certificate in renewal information (RFC 9773, section 4.1).
func CertificateID(leaf *x509.Certificate) (string, error) {
	if len(leaf.AuthorityKeyId) == 0 {
		return "", errors.New("the certificate does not name its authority's key")
	}
	der, err := asn1.Marshal(leaf.SerialNumber)
	if err != nil {
		return "", fmt.Errorf("encoding the serial number: %w", err)
	}
	// The ID has the content without the tag and the length. The length is one byte, because a serial number has at most
	// 20 (RFC 5280, section 4.1.2.2).
	return base64.RawURLEncoding.EncodeToString(leaf.AuthorityKeyId) + "." + base64.RawURLEncoding.EncodeToString(der[2:]), nil
}
