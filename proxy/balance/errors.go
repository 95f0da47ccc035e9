// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/reason"
)

// upstreamErrors counts the attempts at a pool's endpoints that failed, by reason. Counts of reasons that are not the
// service's stay 0.
type upstreamErrors [reason.Count]atomic.Uint64

// add counts a failure, if it is the service's and not the client's.
func (e *upstreamErrors) add(r reason.Reason) {
	if r.IsUpstream() {
		e[r].Add(1)
	}
}

// Failed counts an attempt that failed at an endpoint of the pool.
func (p *Pool) Failed(why reason.Reason) { p.state.errors.add(why) }

// Failures returns how many attempts at the pool's endpoints have failed for a reason.
func (p *Pool) Failures(why reason.Reason) uint64 { return p.state.errors[why].Load() }
