// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/certificates"
)

// look asks how far the order is.
func (j *Job) look(ctx context.Context) (time.Duration, error) {
	a := j.attempt()
	order, err := j.Authority.Order(ctx, j.account, a.Order.URL)
	if err != nil {
		return 0, err
	}
	moved := order.Status != a.Order.Status
	a.Order = order
	if moved {
		a.Looked = 0
		return AtOnce, j.persist(ctx)
	}
	a.Looked++
	return nextLook(a.Looked, order.RetryAfter), j.persist(ctx)
}

// nextLook returns the pause before the next look, after so many of them: what the authority asks for, or else twice
// the pause before.
func nextLook(looked int, retryAfter time.Duration) time.Duration {
	if retryAfter > 0 {
		return min(retryAfter, longestLook)
	}
	return min(firstLook<<min(looked-1, 10), longestLook)
}

// finalize hands in the certificate request. The answers stay with the attempt until it ends, so that its solver knows
// what to clean up.
func (j *Job) finalize(ctx context.Context) (time.Duration, error) {
	a := j.attempt()
	request, err := certificateRequest(j.working.key(), a.Hosts)
	if err != nil {
		return 0, err
	}
	order, err := j.Authority.Finalize(ctx, j.account, a.Order, request)
	if failed, ok := errors.AsType[*acme.Error](err); ok && failed.Type == "orderNotReady" {
		// A process that has died since has finalized it.
		order, err = j.Authority.Order(ctx, j.account, a.Order.URL)
	}
	if err != nil {
		return 0, err
	}
	a.Order, a.Looked = order, 0
	return AtOnce, j.persist(ctx)
}

// download puts the certificate into its Secret, and then ends the attempt.
func (j *Job) download(ctx context.Context) (time.Duration, error) {
	chain, err := j.Authority.Certificate(ctx, j.account, j.attempt().Order, j.certificate.Spec.PreferredChain)
	if err != nil {
		return 0, err
	}
	if _, err := tls.X509KeyPair(chain, j.working.key()); err != nil {
		return 0, &acme.Error{Step: "downloading the certificate", Kind: acme.Refused, Detail: err.Error()}
	}
	from := certificates.Origin{Directory: j.Directory, Account: certificates.AccountDigest(j.account), IssuedAt: j.Now().Truncate(time.Second)}
	leaf := certificates.LeafIn(chain)
	if err := j.Ledger.Issued(ctx, j.attempt().ID, certificates.LifetimeCounted(leaf, from.IssuedAt)); err != nil {
		return 0, err
	}
	if err := certificates.Write(ctx, j.client, j.secret, j.certificate, from, chain, j.working.key()); err != nil {
		return 0, err
	}
	j.State().Succeed()
	if err := j.persist(ctx); err != nil {
		return 0, err
	}
	j.metrics.orderEnded(orderIssued)
	return AtOnce, nil
}
