// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
)

// giveUp ends the attempt. The next one waits, or begins at once if the account was at fault.
func (j *Job) giveUp(ctx context.Context, failed *acme.Error) (time.Duration, error) {
	// An authority takes a request for malformed if another key than the account's has signed it.
	if failed.Kind == acme.AccountGone || failed.Kind == acme.NotAuthorized ||
		failed.Type == "malformed" && failed.Status != 0 {
		another, err := j.accounts.doubt(ctx, j.attempt().Email, j.account)
		if err != nil {
			return 0, err
		}
		if another {
			return j.beginAnew(ctx, failed)
		}
	}
	return j.fail(ctx, failed)
}

// beginAnew ends an attempt because its account is another one by now. The next one begins at once.
func (j *Job) beginAnew(ctx context.Context, why *acme.Error) (time.Duration, error) {
	if err := j.release(ctx); err != nil {
		return 0, err
	}
	spared := j.attempt().spared()
	if !j.State().restart() {
		return j.fail(ctx, why)
	}
	return AtOnce, j.persistSparing(ctx, spared)
}

// persistSparing persists that an attempt has ended, and then has the ledger forget the order of that ID, which was
// never placed. An attempt that goes on after a crash in between has its entry. Without an ID it only persists.
func (j *Job) persistSparing(ctx context.Context, spared string) error {
	if err := j.persist(ctx); err != nil || spared == "" {
		return err
	}
	return j.Ledger.Cancel(ctx, spared)
}

// release marks the order as failed in the ledger, if it was entered.
func (j *Job) release(ctx context.Context) error {
	if !j.attempt().entered() {
		return nil
	}
	return j.Ledger.Fail(ctx, j.attempt().ID)
}

// fail ends the attempt. The next one waits.
func (j *Job) fail(ctx context.Context, failed *acme.Error) (time.Duration, error) {
	if err := j.release(ctx); err != nil {
		return 0, err
	}
	ordered, spared := j.attempt().Order.URL != "", j.attempt().spared()
	j.State().fail(j.Now(), v1alpha1.ReasonOrderFailed, j.Redact(failed.Error()), failed.RetryAfter)
	if err := j.persistSparing(ctx, spared); err != nil {
		return 0, err
	}
	if ordered {
		j.metrics.orderEnded(orderFailed)
	}
	return AtOnce, nil
}

// close has the solver of an attempt that has ended clean up. It then forgets the attempt, and writes nothing.
func (j *Job) close(ctx context.Context) error {
	if err := j.cleanUp(ctx, j.State().Closing, client.ObjectKeyFromObject(j.working.Object)); err != nil {
		return err
	}
	j.State().Closing = nil
	return nil
}

// settle cleans up like close. If the solver fails, settle also writes that the attempt is closing, and returns the
// solver's error.
func (j *Job) settle(ctx context.Context) error {
	err := j.close(ctx)
	if err != nil {
		err = errors.Join(err, j.Orders.write(ctx, j.working, nil))
	}
	return err
}

// Close cleans up after an attempt that is written as closing, and writes that it is forgotten.
func (j *Job) Close(ctx context.Context) error {
	if err := j.close(ctx); err != nil {
		return err
	}
	return j.persist(ctx)
}

// Forget ends the attempt, if there is one, and forgets everything that is kept of the order.
func (j *Job) Forget(ctx context.Context) error {
	j.State().Succeed()
	if err := j.settle(ctx); err != nil {
		return err
	}
	return j.persist(ctx)
}

// GiveUp notes that an attempt was given up, because its order is of no use any more. The order stays in the ledger as
// one that failed, unless it was never placed. If so, GiveUp writes the state before the ledger forgets the order.
func (i *Issuance) GiveUp(ctx context.Context, working *Working, of GivenUp) error {
	if of.ID == "" {
		return nil
	}
	if err := i.Ledger.Fail(ctx, of.ID); err != nil || !of.Spared {
		return err
	}
	if err := i.Orders.write(ctx, working, nil); err != nil {
		return err
	}
	return i.Ledger.Cancel(ctx, of.ID)
}

// Discard cleans up after the attempt in a working Secret, and then deletes the Secret. If a solver fails, the Secret
// stays as it is. The ledger forgets an order that was never placed.
func (i *Issuance) Discard(ctx context.Context, working *corev1.Secret) error {
	spared := ""
	// A damaged state names nothing that could be cleaned up.
	if state, err := decodeOrderState(working.Data[orderStateField]); err == nil {
		if err := i.cleanUp(ctx, state.ending(), client.ObjectKeyFromObject(working)); err != nil {
			return err
		}
		if state.Attempt != nil {
			spared = state.Attempt.spared()
		}
	}
	deleted, err := i.Orders.remove(ctx, working)
	if err != nil || !deleted || spared == "" {
		return err
	}
	return i.Ledger.Cancel(ctx, spared)
}

// cleanUp has the solver of an attempt clean up. The attempt is kept in a working Secret of that name. Without an
// attempt cleanUp does nothing.
func (i *Issuance) cleanUp(ctx context.Context, a *attempt, kept client.ObjectKey) error {
	if a == nil {
		return nil
	}
	by, err := i.solvers.of(a, kept)
	if err != nil {
		return err
	}
	if err := by.cleanUp(ctx, a); err != nil {
		return &SolverError{Text: "the answers to the " + a.Method + " challenges cannot be taken away", Err: err}
	}
	return nil
}
