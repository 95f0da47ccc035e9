// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"time"

	"github.com/warren-dev/ingress/controllers/acme"
)

// attempt is one order on its way. Its private key is beside it in the Secret.
type attempt struct {
	ID string `json:"id"`
	// Began is when the attempt was decided upon.
	Began time.Time `json:"began"`
	Hosts []string  `json:"hosts"`
	Email string    `json:"email,omitempty"`
	// Method is the type of its challenges, as ACME calls it.
	Method string `json:"method"`
	// Renewal is true if only its age makes the certificate due.
	Renewal bool `json:"renewal,omitempty"`
	// Lifetime is how long certificates for these hosts live, 0 if that is not known.
	Lifetime time.Duration `json:"lifetime,omitempty"`
	// Account stands for the account and its key. It is set when the order is about to be placed. No other account can go
	// on with the order.
	Account string `json:"account,omitempty"`
	// Alone is set when the authority has refused an order that names the certificate that it replaces.
	Alone bool `json:"alone,omitempty"`
	// Entered is set when the ledger has a place for the order. Nothing is asked of the authority before that, not even an
	// account.
	Entered bool `json:"entered,omitempty"`
	// Placing is set before the order is placed. If the authority's answer is lost, the next pass looks for the order.
	Placing bool `json:"placing,omitempty"`
	// Order is what the authority said of the order last. Its URL is empty until the order is placed.
	Order acme.Order `json:"order,omitzero"`
	// Presented are the answers to challenges: those of a trial until that is over, and later the real ones.
	Presented []presented `json:"presented,omitempty"`
	// PresentedAt is when they were made.
	PresentedAt time.Time `json:"presentedAt,omitzero"`
	// Tried is set when the trial is over.
	Tried bool `json:"tried,omitempty"`
	// Authorized is set when there are answers for all hosts, and Visible when the solver has seen them in place or
	// has looked for long enough.
	Authorized bool `json:"authorized,omitempty"`
	Visible    bool `json:"visible,omitempty"`
	// Looked counts how often the authority was asked how far it is, since the last step.
	Looked int `json:"looked,omitempty"`
	// Pause is what the authority asks for before the next step, nil if it asks for none.
	Pause *pause `json:"hold,omitempty"`
}

// entered says whether the ledger has the order. An earlier version entered it as it was about to be placed.
func (a *attempt) entered() bool { return a.Entered || a.Placing }

// spared returns the ID of the attempt if the ledger has an order of it that was never placed, or else nothing.
func (a *attempt) spared() string {
	if a.entered() && !a.Placing && a.Order.URL == "" {
		return a.ID
	}
	return ""
}

// open says whether the authority may still want hosts to be proven. It takes an unknown status for such a one.
func (a *attempt) open() bool {
	return a.Order.Status != acme.OrderReady && !a.finalized()
}

// finalized says whether the authority has the certificate request. It asks for no answer any more.
func (a *attempt) finalized() bool {
	return a.Order.Status == acme.OrderProcessing || a.Order.Status == acme.OrderValid
}

// presented is an answer to a challenge.
type presented struct {
	Host             string `json:"host"`
	Type             string `json:"type"`
	Token            string `json:"token"`
	KeyAuthorization string `json:"keyAuthorization"`
	// URL is the challenge's, and Authorization that of the authorization it belongs to. Both are empty in a trial.
	URL           string `json:"url,omitempty"`
	Authorization string `json:"authorization,omitempty"`
	// Accepted is set when the authority was asked to look, and Proven when it has looked and found the answer.
	Accepted bool `json:"accepted,omitempty"`
	Proven   bool `json:"proven,omitempty"`
}

func (p *presented) challenge() acme.Challenge {
	return acme.Challenge{Type: p.Type, URL: p.URL, Token: p.Token, KeyAuthorization: p.KeyAuthorization}
}
