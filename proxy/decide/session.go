// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/session"
)

// Session is what is known of the session that a request belongs to.
type Session struct {
	balance.Session
	State session.State
}

// findSession finds out which session the request belongs to, and which backend that is at.
func (d *Decision) findSession() {
	state, found, at := d.Route.Sessions.Find(d.Head.Fields, d.Basis.SessionKey.Load(), d.Basis.SinceEpoch(), &d.TokenBuf)
	if d.Session = (Session{found, state}); at >= 0 {
		d.Backend = &d.Route.SessionsAt[at]
	}
}
