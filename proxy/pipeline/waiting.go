// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"io"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// waiting is an exchange whose request waits for an asker.
type waiting Exchange

// Arm implements [step.Waiting].
func (w *waiting) Arm(c io.Closer) bool {
	x := (*Exchange)(w)
	x.boundRequest()
	return x.guard.Arm(c, x.engine.Clock.Now())
}

// Disarm implements [step.Waiting].
func (w *waiting) Disarm() reason.Reason { return w.guard.Disarm() }

// Gather implements [step.Waiting].
func (w *waiting) Gather(most int64, taken *atomic.Int64) (content []byte, refused step.Answer) {
	x := (*Exchange)(w)
	if x.Head.ContentLength > most {
		return nil, step.Answer{Reason: reason.ContentTooLarge}
	}
	x.boundRequest()
	why, detail := x.gatherUpTo(most, false, x.engine.ContentMemory.Share(taken))
	return x.upload.Gathered(), step.Answer{Reason: why, Detail: detail}
}

// boundRequest bounds the time of the exchange from now on, unless it is bounded already.
func (x *Exchange) boundRequest() {
	d := x.Route.Timeouts.Request
	if d == 0 || x.timer != nil {
		return
	}
	g, number := x.guard, x.number
	x.timer = time.AfterFunc(d, func() { g.End(number, reason.UpstreamRequestTimeout) })
}
