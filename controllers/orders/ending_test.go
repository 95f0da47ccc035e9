// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

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
