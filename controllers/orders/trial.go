// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"strings"
	"time"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// trialFailures is how many times in a row a trial may keep an order from being placed.
const trialFailures = 3

// try sees whether the replicas would answer a challenge. If none of them does, it ends the attempt before an order is
// placed. After trialFailures in a row the order is placed all the same: replicas may be out of reach from here and in
// reach of the authority. If the attempt's solver has no trial, there is nothing to see.
func (j *Job) try(ctx context.Context) (time.Duration, error) {
	a := j.attempt()
	by, err := j.solver()
	if err != nil {
		return 0, err
	}
	if solver, ok := by.(trialSolver); ok {
		missing, nobody, again := solver.try(ctx, a)
		switch {
		case len(missing) == 0:
		case again > 0:
			return again, nil
		case nobody && j.State().Failures < trialFailures:
			j.State().fail(j.Now(), v1alpha1.ReasonChallengeUnreachable,
				"no replica answers a challenge through its own data plane ("+strings.Join(missing, ", ")+"), so no order is placed", 0)
			return AtOnce, j.persist(ctx)
		}
	}
	a.Tried, a.Presented = true, nil
	return AtOnce, j.persist(ctx)
}
