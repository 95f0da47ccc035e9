// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"fmt"
	"time"

	"github.com/warren-dev/ingress/controllers/acme"
)

// step is one step of an order. It persists what came of it, so that the next pass finds the step after it due.
type step struct {
	// name says in errors what was being done.
	name string
	// due says whether the step is the next one of an attempt. The attempt is nil before there is one. The steps above
	// this one in the table are not due when it is asked.
	due func(*attempt) bool
	// account is true if the step needs the account that the attempt began with. The answers to challenges need it too:
	// they are made with the account's key.
	account bool
	// take takes the step. It returns when the next one may follow.
	take func(*Job, context.Context) (time.Duration, error)
}

// steps returns the steps of an order, in the order in which an order takes them. The first that is due is taken. Files
// named after them hold what they do: begin.go, trial.go, place.go, prove.go, collect.go. What happens when an attempt
// ends, early or after the last step, is in ending.go.
func steps() []step {
	return []step{
		{name: "beginning an attempt", due: func(a *attempt) bool { return a == nil }, take: (*Job).begin},
		{name: "trying how challenges are answered", due: func(a *attempt) bool { return !a.Tried }, take: (*Job).try},
		{name: "entering the order into the ledger", due: func(a *attempt) bool { return a.Order.URL == "" && !a.entered() }, take: (*Job).claim},
		{name: "placing the order", due: func(a *attempt) bool { return a.Order.URL == "" }, account: true, take: (*Job).place},
		{name: "making the answers", due: func(a *attempt) bool { return a.open() && !a.Authorized }, account: true, take: (*Job).authorize},
		{name: "presenting the answers", due: func(a *attempt) bool { return a.open() && !a.Visible }, account: true, take: (*Job).show},
		{name: "proving the hosts", due: (*attempt).open, account: true, take: (*Job).prove},
		{name: "finalizing the order", due: inStatus(acme.OrderReady), account: true, take: (*Job).finalize},
		{name: "awaiting the certificate", due: inStatus(acme.OrderProcessing), account: true, take: (*Job).look},
		{name: "downloading the certificate", due: inStatus(acme.OrderValid), account: true, take: (*Job).download},
	}
}

func inStatus(status acme.OrderStatus) func(*attempt) bool {
	return func(a *attempt) bool { return a.Order.Status == status }
}

// take takes the first step that is due. An error names the step.
func (j *Job) take(ctx context.Context) (time.Duration, error) {
	for _, s := range steps() {
		if !s.due(j.attempt()) {
			continue
		}
		after, err := j.takeStep(ctx, &s)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", s.name, err)
		}
		return after, nil
	}
	return 0, fmt.Errorf("no step follows for an order that is %s", j.attempt().Order.Status)
}

func (j *Job) takeStep(ctx context.Context, s *step) (time.Duration, error) {
	if s.account {
		if after, err := j.useAccount(ctx); err != nil || after > 0 {
			return after, err
		}
	}
	return s.take(j, ctx)
}

// useAccount has this pass speak for the account of the attempt. An attempt whose account is another one by now ends,
// because no other account can go on with its order. It returns 0 if the step can be taken, or else when the next pass
// may follow.
func (j *Job) useAccount(ctx context.Context) (time.Duration, error) {
	a := j.attempt()
	account, ok, err := j.accounts.account(ctx, a.Email)
	if err != nil {
		return 0, err
	}
	if !ok {
		return AtOnce, nil
	}
	j.account = account
	switch by := attemptAccount(account); {
	case a.Account == "":
		// An earlier version began the attempt, or its order is about to be placed. The next write has the account.
		a.Account = by
	case a.Account != by:
		return j.beginAnew(ctx, &acme.Error{Step: "going on with the order", Kind: acme.Refused,
			Detail: "its account has changed again and again"})
	}
	return 0, nil
}
