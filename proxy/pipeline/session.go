// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"slices"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/message"
)

// SessionState says what became of the session that a request names.
type SessionState uint8

const (
	// SessionNone means that the request names none.
	SessionNone SessionState = iota
	// SessionUnknown means that what it names is none of ours.
	SessionUnknown
	// SessionEnded means that it is over.
	SessionEnded
	// SessionMoves means that its endpoint takes no requests, or is not one of the route's.
	SessionMoves
	// SessionStays means that the request goes to its endpoint.
	SessionStays
)

// session is what is known of the session that a request belongs to.
type session struct {
	balance.Session
	state SessionState
}

// findSession finds out which session the request belongs to, and which backend that is at. Nothing that a client
// writes leads to an endpoint that is not one of the route's: it would name none.
func (x *Exchange) findSession() {
	s := x.route.Sessions
	token := s.Token(x.request.Fields)
	if token == nil {
		return
	}
	found, ok := x.engine.SessionKey.Load().Open(token, &x.tokenBuf)
	switch {
	case !ok:
		x.session.state = SessionUnknown
		return
	case s.Ended(found, x.sinceEpoch()):
		x.session.state = SessionEnded
		return
	}
	if backend := s.At(found); backend != nil {
		x.backend, x.session = backend, session{found, SessionStays}
		return
	}
	x.session.state = SessionMoves // for all that is known: it may be somebody else's, too
}

// sessionTarget returns the target that the request's session is at. It returns nil if the request has none, if the
// target takes no requests, or if the request was given to it before.
func (x *Exchange) sessionTarget() *balance.Target {
	if x.session.state != SessionStays {
		return nil
	}
	if t := x.pool.SessionAt(x.session.Session); t != nil && !slices.Contains(x.tried, t) {
		return t
	}
	return nil
}

// tellSession tells the client of the session that begins with this response, unless the request's goes on.
func (x *Exchange) tellSession(resp *message.Response) {
	at := x.pool.SessionOf(x.hold.Target)
	if at == 0 || x.session.state == SessionStays && x.session.Endpoint == at {
		return
	}
	s := x.route.Sessions
	began := balance.Session{Endpoint: at, Began: x.sinceEpoch()}
	x.sessionBuf = s.AppendField(x.sessionBuf[:0], began, x.engine.SessionKey.Load(), &x.tokenBuf, x.Secure)
	s.Tell(resp, x.sessionBuf)
}

// sinceEpoch is now, since 1970.
func (x *Exchange) sinceEpoch() time.Duration { return time.Duration(x.wallTime().UnixNano()) }
