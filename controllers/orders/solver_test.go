// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/cluster"
)

func TestAnOrderWaitsUntilItsAnswersAreVisible(t *testing.T) {
	s := newScene(t, 0)
	s.solver.missing, s.solver.again = []string{"ns1.example.com", "ns2.example.com"}, 7*time.Minute
	s.passUntil("the answers", func(state *State) bool { return state.Attempt != nil && state.Attempt.Authorized })
	for range 3 {
		if after, err := s.pass(); after != s.solver.again || err != nil {
			t.Fatalf("while two name servers lack the answer it looks again after %s (%v), want after %s", after, err, s.solver.again)
		}
	}
	if s.authority.asked != 0 || s.kept().State.Attempt.Visible {
		t.Errorf("the authority is asked to look before the answer is there")
	}
	s.solver.again = 0
	if after, err := s.pass(); after < PresencePause || err != nil {
		t.Errorf("a solver that does not say when is asked again after %s (%v), want after %s", after, err, PresencePause)
	}
	s.solver.missing, s.solver.looksFail = nil, 2
	for range 2 {
		if _, err := s.pass(); !isSolverError(err, "it cannot be seen whether the dns-01 challenges are answered") {
			t.Errorf("a look that fails is said to be %v", err)
		}
	}
	s.passUntilIssued()
	if want := []string{"present", "visible", "present", "visible", "cleanUp"}; !slices.Equal(s.solver.calls[len(s.solver.calls)-5:], want) {
		t.Errorf("the verbs are %v, want %v at the end", s.solver.calls, want)
	}
}

func isSolverError(err error, text string) bool {
	failed, ok := errors.AsType[*SolverError](err)
	return ok && failed.Text == text && errors.Is(err, errInjected) && strings.Contains(err.Error(), errInjected.Error())
}

func TestAnswersArePresentedAgainWithTheEffectOfOnce(t *testing.T) {
	s := newScene(t, 0)
	s.solver.presentFails = 3
	s.passUntil("the answers", func(state *State) bool { return state.Attempt != nil && state.Attempt.Authorized })
	for range 3 {
		if _, err := s.pass(); !isSolverError(err, "the answers to the dns-01 challenges cannot be presented") {
			t.Errorf("a failure is said to be %v", err)
		}
	}
	s.passUntilIssued()
	if s.solver.presented != 4 || len(s.solver.ever) != 1 || s.authority.orders != 1 {
		t.Errorf("after %d calls there were %d answers of %d orders, want 4 calls, and one of each", s.solver.presented, len(s.solver.ever), s.authority.orders)
	}
}

func TestAMethodWithoutASolverIsRefusedByItsName(t *testing.T) {
	s := newScene(t, 0)
	refused := func(err error, of string) {
		t.Helper()
		if wrong, ok := errors.AsType[*cluster.Mendable](err); !ok || !strings.Contains(wrong.Text, of) {
			t.Errorf("%s is refused with %v, want its name and what to do", of, err)
		}
		if s.authority.orders != 0 {
			t.Errorf("an order is placed for %s", of)
		}
	}

	s.solvers = newSolvers(&replicasSolver{})
	_, err := s.pass()
	refused(err, "DNS01")
	if !strings.Contains(err.Error(), "HTTP01, TLSALPN01") {
		t.Errorf("%v does not say what to write instead", err)
	}
	if s.api.writes != 0 {
		t.Errorf("%d writes of what is refused", s.api.writes)
	}

	// A later version knows more methods, and may have begun an attempt.
	s.solvers = solvers{{asked: "DNS01", method: dns01, by: s.solver}}
	if _, err := s.pass(); err != nil {
		t.Fatal(err)
	}
	s.solvers = newSolvers(&replicasSolver{})
	_, err = s.pass()
	refused(err, dns01)
	refused(s.Discard(t.Context(), s.kept().Object), dns01)
	s.now = s.now.Add(2 * attemptLimit)
	_, err = s.pass()
	refused(err, dns01)
	if s.kept().State.Attempt == nil {
		t.Error("an attempt that nothing here can clean up after is lost")
	}
	if served := servedFor("shop", &presented{Host: "x.io", Type: dns01, Token: "token"}); served != nil {
		t.Errorf("replicas serve %+v, want nothing of a challenge that is not theirs", served)
	}
}

// The version before has no closing attempts.
func TestAStateOfTheVersionBeforeIsRead(t *testing.T) {
	const text = `{"certificate":"1","spec":"s","attempt":{"id":"a","began":"2026-06-01T00:00:00Z","hosts":["shop.example.com"],` +
		`"method":"tls-alpn-01","placing":true,"order":{"URL":"https://acme.test/order/1","Status":"pending"},"tried":true,"authorized":true,` +
		`"presented":[{"host":"shop.example.com","type":"tls-alpn-01","token":"t","keyAuthorization":"t.proof"}]}}`
	state, err := decodeOrderState([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if by, err := newSolvers(&replicasSolver{}).of(state.Attempt, types.NamespacedName{}); err != nil || by == nil || state.Closing != nil {
		t.Errorf("%+v has the solver %v (%v)", state, by, err)
	}
	written, err := state.encode()
	if err != nil || strings.Contains(string(written), "closing") {
		t.Errorf("it is written as %s (%v), want nothing that the version before does not know", written, err)
	}
}
