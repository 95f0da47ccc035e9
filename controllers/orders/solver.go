// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/cluster"
)

// solver puts the answers to an attempt's challenges where the authority looks for them, and takes them away again. The
// answers are in attempt.Presented. Each verb may be called again after it has succeeded, also by another process.
type solver interface {
	// present puts the answers there. It is called until they are visible, with the effect of one call. The attempt is
	// persisted before the first call, so a crash leaves nothing behind that cleanUp is not called for.
	present(ctx context.Context, a *attempt) error
	// visible returns the names of those who do not have the answers yet, and when to look again. The order goes on when
	// nobody is missing.
	visible(ctx context.Context, a *attempt) (missing []string, again time.Duration, err error)
	// cleanUp takes the answers away. It is called before an attempt is forgotten, however that ended, also if present
	// was never called. If it fails, the attempt is kept until a later call succeeds.
	cleanUp(ctx context.Context, a *attempt) error
}

// trialSolver is a solver that can show, before an order is placed, that it would have the challenges answered.
type trialSolver interface {
	solver
	// trial returns answers that are made up.
	trial(hosts []string) []presented
	// try returns the names of those who do not have these answers, whether nobody has them, and when to look again. That
	// is 0 if looking again is not worth it.
	try(ctx context.Context, a *attempt) (missing []string, nobody bool, again time.Duration)
}

// way is one type of challenge, and its solver.
type way struct {
	// asked is what a TLSCertificate calls it, and method what ACME calls it.
	asked  v1alpha1.ChallengeType
	method string
	by     solver
}

// solvers are all ways that there are. A type of challenge that has none is refused.
type solvers []way

func newSolvers(byReplicas solver) solvers {
	return solvers{
		{asked: v1alpha1.ChallengeHTTP01, method: acme.ChallengeHTTP01, by: byReplicas},
		{asked: v1alpha1.ChallengeTLSALPN01, method: acme.ChallengeTLSALPN01, by: byReplicas},
	}
}

// asked returns the way that a TLSCertificate asks for. The error names the types that it can ask for.
func (s solvers) asked(challenge v1alpha1.ChallengeType) (way, error) {
	if i := slices.IndexFunc(s, func(w way) bool { return w.asked == challenge }); i >= 0 {
		return s[i], nil
	}
	known := make([]string, len(s))
	for i := range s {
		known[i] = string(s[i].asked)
	}
	return way{}, &cluster.Mendable{Text: fmt.Sprintf("nothing here solves challenges of type %s: write one of %s into challengeTypes",
		challenge, strings.Join(known, ", "))}
}

// of returns the solver of an attempt. kept is the name of the working Secret that the attempt is in, for the error.
func (s solvers) of(a *attempt, kept client.ObjectKey) (solver, error) {
	if i := slices.IndexFunc(s, func(w way) bool { return w.method == a.Method }); i >= 0 {
		return s[i].by, nil
	}
	return nil, &cluster.Mendable{Text: fmt.Sprintf("nothing here solves challenges of type %s, as the order in Secret %s has them: "+
		"run the version that placed the order until it ends, or delete the Secret and what answers the challenges", a.Method, kept)}
}

// solver returns the solver of the attempt that is under way.
func (j *Job) solver() (solver, error) {
	return j.solvers.of(j.attempt(), client.ObjectKeyFromObject(j.working.Object))
}

// SolverError is an error of a solver. The step is tried again.
type SolverError struct {
	// Text says what the solver could not do, in words that do not change from one try to the next.
	Text string
	Err  error
}

// Error is the text and what the solver said.
func (e *SolverError) Error() string { return e.Text + ": " + e.Err.Error() }

// Unwrap returns what the solver said.
func (e *SolverError) Unwrap() error { return e.Err }
