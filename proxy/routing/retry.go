// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"math/rand/v2"
	"time"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Retry says what else a route's requests are tried again after, and when.
type Retry struct {
	// codes has a bit for each status from firstCode on.
	codes   [(lastCode - firstCode + 64) / 64]uint64
	backoff time.Duration
}

const firstCode, lastCode = 400, 599

// compileRetry returns nil if there is nothing to say.
func compileRetry(from *snapshot.Retry) *Retry {
	if from == nil {
		return nil
	}
	r := &Retry{backoff: from.Backoff}
	for _, code := range from.Codes {
		r.codes[(code-firstCode)/64] |= 1 << ((code - firstCode) % 64)
	}
	return r
}

// After says whether a request is tried again after a response with a status.
func (r *Retry) After(status int) bool {
	i := status - firstCode
	return r != nil && i >= 0 && status <= lastCode && r.codes[i/64]>>(i%64)&1 != 0
}

// Backoff returns how long to wait before the retry of a number, from 0 on. Chance adds up to a half, so that requests
// that failed together do not come back together.
func (r *Retry) Backoff(retry int) time.Duration {
	if r == nil || r.backoff == 0 {
		return 0
	}
	d := r.backoff * time.Duration(min(1<<min(retry, 10), snapshot.MaxBackoff))
	return d + rand.N(d/2+1)
}
