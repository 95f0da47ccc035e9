// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/certificates"
	"github.com/warren-dev/ingress/controllers/ledger"
)

// place places the order. It first writes that the order is about to be placed. If the authority's answer is lost, the
// next pass looks for the order instead of placing another.
func (j *Job) place(ctx context.Context) (time.Duration, error) {
	a := j.attempt()
	if !a.Placing {
		a.Placing = true
		if err := j.persist(ctx); err != nil {
			return 0, err
		}
	} else {
		others, err := j.Orders.others(ctx, j.working)
		if err != nil {
			return 0, err
		}
		found, ok, err := j.Authority.FindOrder(ctx, j.account, a.Hosts, func(url string) bool { return others[url] })
		if err != nil {
			return 0, err
		}
		if ok {
			a.Order = found
			return AtOnce, j.persist(ctx)
		}
	}
	request := acme.OrderRequest{Hosts: a.Hosts, Profile: j.certificate.Spec.Profile}
	if !a.Alone {
		request.Replaces = certificates.Predecessor(j.leaf, j.from, j.Directory, certificates.AccountDigest(j.account), a.Hosts)
	}
	order, err := j.Authority.NewOrder(ctx, j.account, request)
	if failed, ok := errors.AsType[*acme.Error](err); ok {
		switch {
		case failed.Kind == acme.RateLimited:
			return j.giveUp(ctx, failed) // The authority placed no order that a pause could keep.
		case request.Replaces != "" && failed.Status >= http.StatusBadRequest && failed.Kind != acme.AccountGone:
			// The authority may object to the certificate that is replaced. The next pass places the order without naming it.
			a.Alone = true
			return AtOnce, j.persist(ctx)
		}
	}
	if err != nil {
		return 0, err
	}
	a.Order = order
	return AtOnce, j.persist(ctx)
}

// claim enters the order into the ledger, unless another TLSCertificate's order spares it, and writes that it has done
// so. It returns when the next pass may follow.
func (j *Job) claim(ctx context.Context) (time.Duration, error) {
	j.claiming.Lock()
	defer j.claiming.Unlock()
	a := j.attempt()
	if after, err := j.share(ctx); err != nil || after > 0 {
		return after, err
	}
	at, why, err := j.Ledger.Reserve(ctx, j.entry(a.ID, a.Renewal))
	if err != nil {
		return 0, err
	}
	if !at.IsZero() {
		j.State().wait(at, v1alpha1.ReasonOrderLimit, why)
		return AtOnce, j.persist(ctx)
	}
	a.Entered = true
	return AtOnce, j.persist(ctx)
}

// entry returns what the ledger keeps of an order.
func (j *Job) entry(id string, renewal bool) ledger.Entry {
	names := ledger.NamesAt(j.Directory, certificates.HostsOf(&j.certificate.Spec))
	return ledger.Entry{ID: id, Names: names, Time: j.Now(), Renewal: renewal,
		Certificate: j.certificate.Namespace + "/" + j.certificate.Name}
}

// Waits says whether the next attempt is not due yet. If it waits for room in the ledger, Waits looks at the ledger
// again: a renewal may have room where the order that was held back had none.
func (j *Job) Waits(ctx context.Context) (bool, error) {
	if !j.State().Waits(j.Now()) || j.State().Reason != v1alpha1.ReasonOrderLimit {
		return j.State().Waits(j.Now()), nil
	}
	room, err := j.Ledger.Room(ctx, j.entry("", j.renewal))
	return !room, err
}
