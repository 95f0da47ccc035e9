// SPDX-License-Identifier: Apache-2.0

package step

import (
	"time"

	"github.com/warren-dev/ingress/proxy/limit"
)

// Note is what a policy says about a request that somebody asks about.
type Note struct {
	// Policy is the policy's name.
	Policy string
	// Passed is set if the request goes on.
	Passed bool
	Text   string
	// Limit is set by a rate limit.
	Limit *LimitNote
}

// LimitNote is the state of a rate limit for a client. Making it takes no token.
type LimitNote struct {
	Rate limit.Rate
	// Replicas is how many replicas share the limit.
	Replicas int
	// Left is how many requests this replica would let through at once, now.
	Left float64
	// Wait is how long the client would be told to wait.
	Wait time.Duration
}
