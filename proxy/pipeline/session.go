// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/session"
)

// sessionTarget returns the target that the request's session is at. It returns nil if the request has none, if the
// target takes no requests, or if the request was given to it before.
func (x *Exchange) sessionTarget() *balance.Target {
	if x.Session.State != session.Stays {
		return nil
	}
	if t := x.pool.SessionAt(x.Session.Session); t != nil && !slices.Contains(x.tried, t) {
		return t
	}
	return nil
}

// tellSession tells the client of the session that begins with this response, unless the request's goes on.
func (x *Exchange) tellSession(resp *message.Response) {
	if f := x.Route.Fallback; f != nil && x.Backend == &f.Backend {
		return // No session is at an endpoint of that.
	}
	at := x.pool.SessionOf(x.hold.Target)
	if at == 0 || x.Session.State == session.Stays && x.Session.Endpoint == at {
		return
	}
	s := x.Route.Sessions
	began := balance.Session{Endpoint: at, Began: x.engine.SinceEpoch()}
	x.sessionBuf = s.AppendField(x.sessionBuf[:0], began, x.engine.SessionKey.Load(), &x.TokenBuf, x.Secure)
	s.Tell(resp, x.sessionBuf)
}
