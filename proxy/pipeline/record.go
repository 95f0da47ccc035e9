// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"cmp"

	"github.com/warren-dev/ingress/proxy/attempt"
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/observe"
)

// isTraced says whether the exchange is recorded in a trace.
func (x *Exchange) isTraced() bool { return x.Trace != nil && x.Trace.Sampled() }

// beginAttempt records that the request is given to an endpoint. In a trace, the request then names this attempt as its
// parent.
func (x *Exchange) beginAttempt(e *balance.Target) {
	x.tried = append(x.tried, e)
	a := observe.Attempt{Address: e.Address(), Text: e.String(), Secure: e.Secure()}
	traced := x.isTraced()
	if traced || x.engine.Log != nil {
		a.Task = x.pool.IDOf(e)
	}
	if traced {
		a.ID, a.Started = x.Trace.BeginAttempt(), x.engine.Clock.Now()
	}
	x.attempts = append(x.attempts, a)
}

// endAttempt records how the last attempt ended.
func (x *Exchange) endAttempt(failed *attempt.Failure) {
	if !x.isTraced() {
		return
	}
	a := &x.attempts[len(x.attempts)-1]
	a.Status, a.Reason = cmp.Or(a.Status, x.Status), x.Reason
	if failed != nil {
		a.Left, a.Reason = failed.Left, cmp.Or(failed.Reason, x.Reason)
	}
	if a.Ended = x.Ended; a.Ended == 0 {
		a.Ended = x.engine.Clock.Now()
	}
}

// forgetAttempt takes back the last attempt, so that the endpoint may be chosen again.
func (x *Exchange) forgetAttempt() {
	x.tried = x.tried[:len(x.tried)-1]
	x.attempts = x.attempts[:len(x.attempts)-1]
}

// completeRecord fills in what is known once the exchange is over.
func (x *Exchange) completeRecord() *observe.Record {
	r := &x.Record
	r.Request, r.Attempts = &x.Head, x.attempts
	x.RecordPaths()
	r.Peer, r.Scheme, r.TLSVersion = x.Origin.Peer, x.Origin.Scheme, x.Origin.TLSVersion
	r.Secure = r.Secure || x.Origin.Secure
	r.Sent = x.down.Response().Written()
	if x.Route != nil {
		r.Route, r.Series = x.Backend.Names, x.Backend.Series
	}
	return r
}
