// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"io"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/replicas"
)

// What replicas have to answer is in the state of the order, so their solver needs no write of its own.
func TestAnOrderThatReplicasSolveIsWrittenOnceAStep(t *testing.T) {
	s := newScene(t, 0)
	s.certificate.Spec.ChallengeTypes = []v1alpha1.ChallengeType{v1alpha1.ChallengeHTTP01}
	replica := replicaAnswering(t, "a", func(w http.ResponseWriter, r *http.Request) {
		held := heldReady([]corev1.Secret{*s.kept().Object}, []*v1alpha1.TLSCertificate{s.certificate})
		for _, answer := range held {
			if r.URL.Path == "/.well-known/acme-challenge/"+answer.Token {
				_, _ = io.WriteString(w, answer.KeyAuthorization)
				return
			}
		}
		http.NotFound(w, r)
	})
	s.solvers = newSolvers(&replicasSolver{now: s.Now, presence: newPresence(func() []replicas.Replica { return []replicas.Replica{replica} }, replica, 0, false)})
	s.passUntilIssued()
	// The attempt, its trial, that the ledger has it, that it is placed, the order, the answers, that they are seen, that
	// the authority looks, two looks at the order, that it is finalized and then valid, and the end.
	if s.api.writes != 13 {
		t.Errorf("%d writes, want 13", s.api.writes)
	}
	if secret := s.kept().Object; secret.ResourceVersion != "" {
		t.Errorf("%v is left of an order that has ended", secret.Data)
	}
}
