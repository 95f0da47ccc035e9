// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/certificates"
	"github.com/warren-dev/ingress/controllers/ledger"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// State is everything that is kept of the orders of one TLSCertificate, in its working Secret. Each step of an
// order is written there before the next is taken, so whoever is the leader goes on where the last one was.
type State struct {
	// Certificate is the TLSCertificate whose failures were counted, and Spec stands for what was ordered then. Another
	// one begins at none.
	Certificate types.UID `json:"certificate"`
	Spec        string    `json:"spec"`
	Failures    int32     `json:"failures,omitempty"`
	// LastFailure and NextAttempt are zero without one.
	LastFailure time.Time `json:"lastFailure,omitzero"`
	NextAttempt time.Time `json:"nextAttempt,omitzero"`
	// Reason and Fault are what to say of the wait until NextAttempt.
	Reason string `json:"reason,omitempty"`
	Fault  string `json:"fault,omitempty"`
	// Restarts is how often in a row an attempt was begun anew at once.
	Restarts int `json:"restarts,omitempty"`
	// Attempt is nil while nothing is ordered.
	Attempt *attempt `json:"attempt,omitempty"`
}

// restartLimit is how often in a row an attempt is begun anew at once, because its account is another one by now.
const restartLimit = 2

// attempt is one order on its way. Its private key is beside it in the Secret.
type attempt struct {
	ID string `json:"id"`
	// Began is when it was decided upon.
	Began  time.Time `json:"began"`
	Hosts  []string  `json:"hosts"`
	Email  string    `json:"email,omitempty"`
	Method string    `json:"method"`
	// Renewal is set where the certificate that there is would do but for the time, and Lifetime is how long those of
	// these hosts live, 0 if that is not known.
	Renewal  bool          `json:"renewal,omitempty"`
	Lifetime time.Duration `json:"lifetime,omitempty"`
	// Account stands for the account and its key, from when the order is about to be placed: no other one can go on
	// with it.
	Account string `json:"account,omitempty"`
	// Alone is set when the authority has refused an order that names the certificate that it replaces.
	Alone bool `json:"alone,omitempty"`
	// Placing is set before the order is placed, so that one is looked for where its answer was lost.
	Placing bool `json:"placing,omitempty"`
	// Order is what the authority said of the order last; its URL is empty until it is placed.
	Order acme.Order `json:"order,omitzero"`
	// Presented are the answers that replicas hold ready: those of a trial until the order is placed, then the real ones.
	Presented []presented `json:"presented,omitempty"`
	// PresentedAt is since when.
	PresentedAt time.Time `json:"presentedAt,omitzero"`
	// Tried is set when the trial is over.
	Tried bool `json:"tried,omitempty"`
	// Authorized is set when the challenges of all authorizations are presented, Visible when they were seen.
	Authorized bool `json:"authorized,omitempty"`
	Visible    bool `json:"visible,omitempty"`
	// Looked counts how often the authority was asked how far it is, since the last step.
	Looked int `json:"looked,omitempty"`
	// Hold is nil unless the authority put the next step off.
	Hold *hold `json:"hold,omitempty"`
}

// presented is an answer to a challenge.
type presented struct {
	Host             string `json:"host"`
	Type             string `json:"type"`
	Token            string `json:"token"`
	KeyAuthorization string `json:"keyAuthorization"`
	// URL is the challenge's, and Authorization that of what it is for; empty for a trial.
	URL           string `json:"url,omitempty"`
	Authorization string `json:"authorization,omitempty"`
	// Accepted is set when the authority was asked to look, Proven when it did.
	Accepted bool `json:"accepted,omitempty"`
	Proven   bool `json:"proven,omitempty"`
}

func (p *presented) challenge() acme.Challenge {
	return acme.Challenge{Type: p.Type, URL: p.URL, Token: p.Token, KeyAuthorization: p.KeyAuthorization}
}

// servedFor is the answer as the data plane serves it. One to a handshake is served over plain HTTP too: that is how
// another replica sees that it is there.
func servedFor(namespace string, p *presented) []translate.Challenge {
	served := snapshot.Challenge{Host: p.Host, Token: p.Token, KeyAuthorization: p.KeyAuthorization, Type: snapshot.ChallengeHTTP01}
	list := []translate.Challenge{{Namespace: namespace, Challenge: served}}
	if p.Type == acme.ChallengeTLSALPN01 {
		served.Type = snapshot.ChallengeTLSALPN01
		list = append(list, translate.Challenge{Namespace: namespace, Challenge: served})
	}
	return list
}

// fail ends the attempt and has the next one wait.
func (s *State) fail(now time.Time, reason, fault string, retryAfter time.Duration) {
	s.Failures++
	s.LastFailure = now
	s.Restarts = 0
	s.wait(now.Add(backoff(s.Failures, retryAfter, s.Attempt.Lifetime)), reason, fault)
}

// restart ends the attempt for the next one to begin at once, without a failure. It does not if that was so too often.
func (s *State) restart() bool {
	if s.Restarts == restartLimit {
		return false
	}
	s.Restarts++
	s.NextAttempt, s.Attempt = time.Time{}, nil
	return true
}

// wait ends the attempt without a failure.
func (s *State) wait(until time.Time, reason, fault string) {
	s.NextAttempt, s.Reason, s.Fault, s.Attempt = until, reason, fault, nil
}

// Succeed ends the attempt, with everything forgotten that went before.
func (s *State) Succeed() { *s = State{} }

// empty says whether there is nothing to remember.
func (s *State) empty() bool {
	return s.Attempt == nil && s.NextAttempt.IsZero() && s.Restarts == 0
}

// Accept takes over a spec and whose it is. Another spec than before is tried at once, and what was begun for the one
// before is given up. A TLSCertificate that was made anew under its name goes on with the attempt of the one before, as
// that may have placed an order. It returns the ID of an order that was given up, or nothing.
func (s *State) Accept(certificate types.UID, spec string) (givenUp string) {
	switch {
	case s.Spec != spec:
		if s.Attempt != nil && s.Attempt.Placing {
			givenUp = s.Attempt.ID
		}
		*s = State{}
	case s.Certificate != certificate:
		*s = State{Attempt: s.Attempt}
	}
	s.Certificate, s.Spec = certificate, spec
	return givenUp
}

// Waits says whether the next attempt is not due yet.
func (s *State) Waits(now time.Time) bool { return s.Attempt == nil && now.Before(s.NextAttempt) }

// Held says whether the next step of the attempt is not due yet.
func (s *State) Held(now time.Time) bool {
	return s.Attempt != nil && s.Attempt.Hold != nil && now.Before(s.Attempt.Hold.Until)
}

// Next is when the authority is asked again; zero where that is now, or nothing is wrong.
func (s *State) Next() time.Time {
	if s.Attempt != nil && s.Attempt.Hold != nil {
		return s.Attempt.Hold.Until
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

// SpecOf stands for what of a TLSCertificate is ordered.
func SpecOf(spec *v1alpha1.TLSCertificateSpec, directory string) (string, error) {
	ordered := struct {
		Hosts                     []string
		Email, Profile, Preferred string
		KeyType                   v1alpha1.KeyType
		Types                     []v1alpha1.ChallengeType
		Secret, Directory         string
	}{certificates.HostsOf(spec), string(spec.Email), spec.Profile, spec.PreferredChain, certificates.KeyTypeWanted(spec), challengeTypes(spec), string(spec.SecretName), directory}
	text, err := json.Marshal(ordered)
	if err != nil {
		return "", fmt.Errorf("encoding what is ordered: %w", err)
	}
	return ledger.NameSet([]string{string(text)}), nil
}

func challengeTypes(spec *v1alpha1.TLSCertificateSpec) []v1alpha1.ChallengeType {
	if len(spec.ChallengeTypes) == 0 {
		return []v1alpha1.ChallengeType{v1alpha1.ChallengeHTTP01, v1alpha1.ChallengeTLSALPN01}
	}
	return spec.ChallengeTypes
}

// challengeMethod returns the type of the challenges that an attempt after so many failures uses: those that are
// allowed take turns.
func challengeMethod(spec *v1alpha1.TLSCertificateSpec, failures int32) string {
	types := challengeTypes(spec)
	if types[int(failures)%len(types)] == v1alpha1.ChallengeTLSALPN01 {
		return acme.ChallengeTLSALPN01
	}
	return acme.ChallengeHTTP01
}
