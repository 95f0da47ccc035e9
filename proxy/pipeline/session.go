// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"slices"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/routing"
)

// session is what is known of the session that a request belongs to.
type session struct {
	balance.Session
	state routing.SessionState
}

// findSession finds out which session the request belongs to, and which backend that is at.
func (x *Exchange) findSession() {
	state, found, backend := x.route.Sessions.Find(x.request.Fields, x.engine.SessionKey.Load(), x.sinceEpoch(), &x.tokenBuf)
	if x.session = (session{found, state}); backend != nil {
		x.backend = backend
	}
}

// sessionTarget returns the target that the request's session is at. It returns nil if the request has none, if the
// target takes no requests, or if the request was given to it before.
func (x *Exchange) sessionTarget() *balance.Target {
	if x.session.state != routing.SessionStays {
		return nil
	}
	if t := x.pool.SessionAt(x.session.Session); t != nil && !slices.Contains(x.tried, t) {
		return t
	}
	return nil
}

// tellSession tells the client of the session that begins with this response, unless the request's goes on.
func (x *Exchange) tellSession(resp *message.Response) {
	if f := x.route.Fallback; f != nil && x.backend == &f.Backend {
		return // No session is at an endpoint of that.
	}
	at := x.pool.SessionOf(x.hold.Target)
	if at == 0 || x.session.state == routing.SessionStays && x.session.Endpoint == at {
		return
	}
	s := x.route.Sessions
	began := balance.Session{Endpoint: at, Began: x.sinceEpoch()}
	x.sessionBuf = s.AppendField(x.sessionBuf[:0], began, x.engine.SessionKey.Load(), &x.tokenBuf, x.Secure)
	s.Tell(resp, x.sessionBuf)
}

// sinceEpoch is now, since 1970.
func (x *Exchange) sinceEpoch() time.Duration { return time.Duration(x.wallTime().UnixNano()) }
