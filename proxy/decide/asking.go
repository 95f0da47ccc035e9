// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
	"github.com/warren-dev/ingress/proxy/transport"
)

// asking is how a trial waits for whom its policies ask. It has no content.
type asking struct {
	guard guard.Guard
	clock transport.Clock
}

// Ask has [Trial.Decide] ask whom the policies ask, until ctx ends, as it is done for a request. Otherwise they
// foretell what they would ask.
func (t *Trial) Ask(ctx context.Context) {
	a := &asking{clock: t.d.Basis.Clock}
	a.guard.Begin()
	t.stop = context.AfterFunc(ctx, func() { a.guard.Shut(reason.ClientClosed) })
	t.d.Waiting = a
}

// Arm implements [step.Waiting].
func (a *asking) Arm(c io.Closer) bool { return a.guard.Arm(c, a.clock.Now()) }

// Disarm implements [step.Waiting].
func (a *asking) Disarm() reason.Reason { return a.guard.Disarm() }

// Gather implements [step.Waiting].
func (a *asking) Gather(int64, *atomic.Int64) ([]byte, step.Answer) { return nil, step.Answer{} }
