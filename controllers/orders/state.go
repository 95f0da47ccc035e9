// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// restartLimit is how often in a row an attempt is begun anew at once because its account is another one by now.
const restartLimit = 2

// State is everything that is kept of the orders of one TLSCertificate, in its working Secret. Each step of an order is
// written there before the next one is taken. So any replica that becomes the leader goes on where the last one was.
type State struct {
	// Certificate is the TLSCertificate whose failures are counted, and Spec stands for what it orders. If either is
	// another one, the count begins at zero.
	Certificate types.UID `json:"certificate"`
	Spec        string    `json:"spec"`
	Failures    int32     `json:"failures,omitempty"`
	// LastFailure is zero if nothing failed, and NextAttempt if nothing waits.
	LastFailure time.Time `json:"lastFailure,omitzero"`
	NextAttempt time.Time `json:"nextAttempt,omitzero"`
	// Reason and Fault say why the next attempt waits.
	Reason string `json:"reason,omitempty"`
	Fault  string `json:"fault,omitempty"`
	// Restarts is how often in a row an attempt was begun anew at once.
	Restarts int `json:"restarts,omitempty"`
	// Attempt is the order that is on its way, nil without one.
	Attempt *attempt `json:"attempt,omitempty"`
	// Closing is an attempt that has ended and that its solver has not cleaned up after yet. No other attempt begins
	// before that.
	Closing *attempt `json:"closing,omitempty"`
}

// ending returns the attempt that has to be cleaned up after before the state is forgotten, nil without one.
func (s *State) ending() *attempt {
	if s.Attempt != nil {
		return s.Attempt
	}
	return s.Closing
}

// fail ends the attempt and has the next one wait.
func (s *State) fail(now time.Time, reason, fault string, retryAfter time.Duration) {
	s.Failures++
	s.LastFailure = now
	s.Restarts = 0
	s.wait(now.Add(backoff(s.Failures, retryAfter, s.Attempt.Lifetime)), reason, fault)
}

// restart ends the attempt without a failure. The next one begins at once. After restartLimit in a row restart does
// nothing and returns false.
func (s *State) restart() bool {
	if s.Restarts == restartLimit {
		return false
	}
	s.Restarts++
	s.NextAttempt, s.Attempt, s.Closing = time.Time{}, nil, s.ending()
	return true
}

// wait ends the attempt without a failure and has the next one wait.
func (s *State) wait(until time.Time, reason, fault string) {
	s.NextAttempt, s.Reason, s.Fault, s.Attempt, s.Closing = until, reason, fault, nil, s.ending()
}

// Succeed ends the attempt and forgets what went before it.
func (s *State) Succeed() { *s = State{Closing: s.ending()} }

// empty says whether there is nothing to remember.
func (s *State) empty() bool {
	return s.Attempt == nil && s.Closing == nil && s.NextAttempt.IsZero() && s.Restarts == 0
}

// GivenUp is an order that the ledger has and that is of no use any more.
type GivenUp struct {
	// ID is the attempt's. It is empty if there is no such order.
	ID string
	// Spared is true if the order was never placed.
	Spared bool
}

// Accept notes which TLSCertificate the state is of, and what that orders. If it orders something else than before,
// Accept ends the attempt and forgets what went before it. If only the TLSCertificate is another one, somebody has made
// it anew under its name: the attempt goes on, because it may have placed an order. Accept returns the order that
// it gave up, or nothing.
func (s *State) Accept(certificate types.UID, spec string) (givenUp GivenUp) {
	switch {
	case s.Spec != spec:
		if s.Attempt != nil && s.Attempt.entered() {
			givenUp = GivenUp{ID: s.Attempt.ID, Spared: s.Attempt.spared() != ""}
		}
		*s = State{Closing: s.ending()}
	case s.Certificate != certificate:
		*s = State{Attempt: s.Attempt, Closing: s.Closing}
	}
	s.Certificate, s.Spec = certificate, spec
	return givenUp
}

// Waits says whether the next attempt is not due yet.
func (s *State) Waits(now time.Time) bool { return s.Attempt == nil && now.Before(s.NextAttempt) }

// Paused says whether the next step of the attempt is not due yet.
func (s *State) Paused(now time.Time) bool {
	return s.Attempt != nil && s.Attempt.Pause != nil && now.Before(s.Attempt.Pause.Until)
}

// Next returns when the authority is asked again. It returns the zero time if that is now, or if nothing is wrong.
func (s *State) Next() time.Time {
	if s.Attempt != nil && s.Attempt.Pause != nil {
		return s.Attempt.Pause.Until
	}
	return s.NextAttempt
}

func (s *State) encode() ([]byte, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encoding the state of the order: %w", err)
	}
	return text, nil
}

// decodeOrderState reads what encode wrote.
func decodeOrderState(text []byte) (*State, error) {
	var s State
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("reading the state of the order: %w", err)
	}
	return &s, nil
}
