// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"crypto"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/ledger"
)

// endings are the ways in which an attempt ends. Each takes one pass, in which the attempt whose answers are presented
// ends.
func endings() map[string]func(*scene) error {
	advance := func(s *scene) error { _, err := s.pass(); return err }
	return map[string]func(*scene) error{
		"its certificate is there": func(s *scene) error {
			s.passUntil("a certificate", func(state *State) bool { return state.Attempt.Order.Status == acme.OrderValid })
			return advance(s)
		},
		"the authority refuses it": func(s *scene) error {
			s.authority.refuses = &acme.Error{Step: "looking", Kind: acme.Refused, Detail: "no record"}
			return advance(s)
		},
		"it takes too long": func(s *scene) error {
			s.now = s.now.Add(attemptLimit + time.Second)
			return advance(s)
		},
		"its account is another one": func(s *scene) error {
			for key, object := range s.api.objects {
				if secret, ok := object.(*corev1.Secret); ok && secret.Type == accountSecretType {
					delete(s.api.objects, key)
				}
			}
			// One pass makes a key, one registers it.
			return errors.Join(advance(s), advance(s), advance(s))
		},
		"another spec": func(s *scene) error {
			s.certificate.Spec.Profile = "shortlived"
			return advance(s)
		},
		"nothing is due any more": func(s *scene) error {
			s.certificate.Spec.Profile = "shortlived"
			j, _ := s.job()
			return j.Forget(s.t.Context())
		},
		"its TLSCertificate is gone": func(s *scene) error {
			return s.Discard(s.t.Context(), s.kept().Object)
		},
	}
}

func TestASolverCleansUpHoweverAnAttemptEnds(t *testing.T) {
	for name, end := range endings() {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 0)
			s.passUntilPresented()
			of := s.kept().State.Attempt.ID
			if err := end(s); err != nil {
				t.Fatal(err)
			}
			if state := s.kept().State; s.solver.cleaned != 1 || len(s.solver.records) > 0 || isOf(state.ending(), of) {
				t.Errorf("cleaned up %d times, which leaves %v and %+v, want once, and nothing of it", s.solver.cleaned, s.solver.records, state)
			}
		})
	}
}

func isOf(a *attempt, id string) bool { return a != nil && a.ID == id }

func TestAnAttemptStaysUntilItsSolverHasCleanedUp(t *testing.T) {
	for name, end := range endings() {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 0)
			s.passUntilPresented()
			before := s.kept().State.Attempt
			s.solver.tidyFails = 3
			failures := 0
			again := func() error { _, err := s.pass(); return err }
			if name == "its TLSCertificate is gone" {
				again = func() error { return end(s) }
			}
			for take := end; ; take = func(*scene) error { return again() } {
				err := take(s)
				if err != nil && !isSolverError(err, "the answers to the dns-01 challenges cannot be taken away") {
					t.Fatalf("a failure is said to be %v", err)
				}
				if s.solver.tidyFails == 0 && err == nil {
					break
				}
				if failures++; failures > 5 {
					t.Fatal("it is not tried again")
				}
				state := s.kept().State
				if name != "its TLSCertificate is gone" && isOf(state.Attempt, before.ID) {
					t.Fatalf("after %d failures the attempt would be gone on with: %+v", failures, state)
				}
				kept := state.ending()
				if !isOf(kept, before.ID) || before.Presented[0].Token != kept.Presented[0].Token {
					t.Fatalf("after %d failures %+v is kept, want the attempt with its answers", failures, kept)
				}
				if s.authority.orders != 1 {
					t.Fatal("another order is placed meanwhile")
				}
			}
			if state := s.kept().State; s.solver.cleaned != 4 || len(s.solver.records) > 0 || isOf(state.ending(), before.ID) {
				t.Errorf("tried %d times, which leaves %v and %+v, want 4 times, and nothing of it", s.solver.cleaned, s.solver.records, state)
			}
		})
	}
}

// The wait after a failure goes on while its solver fails too.
func TestAFailureIsCountedBeforeItsAttemptIsCleanedUp(t *testing.T) {
	s := newScene(t, 0)
	s.passUntilPresented()
	s.authority.refuses = &acme.Error{Step: "looking", Kind: acme.Refused, Detail: "no record"}
	s.solver.tidyFails = 2
	for _, pass := range []struct {
		name            string
		failed, closing bool
	}{
		{"that ends the attempt", false, true}, {"that cannot clean up", true, true}, {"that cleans up", false, false},
	} {
		if _, err := s.pass(); (err != nil) != pass.failed {
			t.Errorf("the pass %s ends with %v", pass.name, err)
		}
		if state := s.kept().State; state.Failures != 1 || state.Reason != v1alpha1.ReasonOrderFailed || !state.Waits(s.now) || (state.Closing != nil) != pass.closing {
			t.Errorf("after the pass %s the state is %+v, want one failure, and the attempt closing to be %v", pass.name, state, pass.closing)
		}
	}
}

func TestAnAttemptThatWaitsForRoomInTheLedgerIsCleanedUpAfter(t *testing.T) {
	s := newScene(t, 1)
	if _, _, err := s.Ledger.Reserve(t.Context(), ledger.Entry{ID: "another", Names: "other", Time: s.now}); err != nil {
		t.Fatal(err)
	}
	s.passUntil("a wait", func(state *State) bool { return state.Waits(s.now) })
	if s.solver.cleaned != 1 || s.kept().State.Reason != v1alpha1.ReasonOrderLimit {
		t.Errorf("cleaned up %d times before the wait for %s, want once", s.solver.cleaned, s.kept().State.Reason)
	}
}

// unregistered is an authority that registers no account while it is told why.
type unregistered struct {
	*agreeable
	why error
}

func (u *unregistered) Register(ctx context.Context, key crypto.Signer, contact string, external *acme.ExternalAccount) (string, error) {
	if u.why != nil {
		return "", u.why
	}
	return u.agreeable.Register(ctx, key, contact, external)
}

func (u *unregistered) FindAccount(context.Context, crypto.Signer) (url string, closed bool, err error) {
	return "", false, nil
}

func TestAnOrderThatWasNeverPlacedDoesNotCount(t *testing.T) {
	refused := &acme.Error{Step: "registering the account", Kind: acme.Refused, Type: "externalAccountRequired", Status: 400, Detail: "bind it"}
	advance := func(s *scene) error { _, err := s.pass(); return err }
	for name, end := range map[string]func(*scene, *unregistered) error{
		"its account is refused": func(s *scene, authority *unregistered) error {
			authority.why = refused
			return errors.Join(advance(s), advance(s))
		},
		"its account is made anew": func(s *scene, authority *unregistered) error {
			authority.why = &acme.Error{Step: "registering the account", Kind: acme.AccountGone, Status: 400}
			return errors.Join(advance(s), advance(s))
		},
		"another spec": func(s *scene, _ *unregistered) error {
			s.certificate.Spec.Profile = "shortlived"
			s.job()
			return nil
		},
		"its TLSCertificate is gone": func(s *scene, _ *unregistered) error {
			return s.Discard(s.t.Context(), s.kept().Object)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 1)
			authority := &unregistered{agreeable: s.authority}
			s.Issuance.Authority, s.accounts.authority = authority, authority
			s.passUntil("an entry of the ledger", func(state *State) bool { return state.Attempt != nil && state.Attempt.Entered })
			if s.room() {
				t.Fatal("the order is not in the ledger")
			}
			if err := end(s, authority); err != nil {
				t.Fatal(err)
			}
			if a := s.kept().State.Attempt; a != nil || !s.room() {
				t.Errorf("the attempt is %+v, and there is room for an order: %t, want none, and room", a, s.room())
			}
			if s.authority.orders > 0 {
				t.Errorf("%d orders are placed", s.authority.orders)
			}
		})
	}
}

// An attempt that a crash brings back would otherwise place an order that the ledger does not have.
func TestTheLedgerForgetsNoOrderBeforeItsAttemptIsWrittenAsEnded(t *testing.T) {
	s := newScene(t, 1)
	s.passUntil("an entry of the ledger", func(state *State) bool { return state.Attempt != nil && state.Attempt.Entered })
	j, _ := s.job()
	if err := s.api.Update(t.Context(), s.kept().Object); err != nil { // by another replica
		t.Fatal(err)
	}
	if _, err := j.giveUp(t.Context(), &acme.Error{Step: "registering the account", Kind: acme.Refused}); !apierrors.IsConflict(err) {
		t.Fatalf("it ends with %v, want a conflict", err)
	}
	if s.kept().State.Attempt == nil || s.room() {
		t.Error("the attempt goes on, and the ledger does not have its order")
	}
}

// A cache may still have an attempt from before its order was placed.
func TestWhatACacheSaysOfAnOrderTakesNothingOutOfTheLedger(t *testing.T) {
	s := newScene(t, 1)
	s.passUntil("an entry of the ledger", func(state *State) bool { return state.Attempt != nil && state.Attempt.Entered })
	cached := s.kept().Object
	s.passUntilIssued()
	s.passUntil("the end of the order", func(state *State) bool { return state.Attempt == nil })
	if err := s.Discard(t.Context(), cached); err != nil && !apierrors.IsConflict(err) {
		t.Fatal(err)
	}
	if s.room() {
		t.Error("the ledger has forgotten an order that was placed")
	}
}

// room says whether the ledger, which allows one order in a day, has room for another one.
func (s *scene) room() bool {
	s.t.Helper()
	room, err := s.Ledger.Room(s.t.Context(), ledger.Entry{Names: "others", Certificate: "other/tls", Time: s.now})
	if err != nil {
		s.t.Fatal(err)
	}
	return room
}
