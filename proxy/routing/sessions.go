// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Sessions says how a route keeps sessions.
type Sessions struct {
	snapshot.Persistence
	// backends are those that a session may be at: those of the route, with a weight or without.
	backends []Backend
	// attributes follow the value of the cookie if the client came over plain HTTP, and secured if it came over HTTPS.
	attributes, secured string
	// header is the name of the header field.
	header []byte
}

// compileSessions returns nil if the route keeps none. backends are those that sessions may be at.
func compileSessions(r *snapshot.Route, backends []Backend) *Sessions {
	if r.Persistence == nil {
		return nil
	}
	s := &Sessions{
		Persistence: *r.Persistence, backends: backends, header: []byte(r.Persistence.Name),
	}
	s.attributes, s.secured = s.attribute(r, s.Cookie.Secure), s.attribute(r, true)
	for i := range backends {
		backends[i].Pool.RequireSessions()
	}
	return s
}

// attribute returns the attributes of a route's cookie.
func (s *Sessions) attribute(r *snapshot.Route, secure bool) string {
	text := "; Path=" + cmp.Or(s.Cookie.Path, cookiePath(r))
	if s.Cookie.Domain != "" {
		text += "; Domain=" + s.Cookie.Domain
	}
	if secure {
		text += "; Secure"
	}
	text += "; HttpOnly"
	if same := cmp.Or(s.Cookie.SameSite, "Lax"); same != snapshot.SameSiteUnsaid {
		text += "; SameSite=" + same
	}
	if s.Permanent {
		text += "; Max-Age=" + strconv.Itoa(int((s.Absolute+time.Second-1)/time.Second))
	}
	return text
}

// cookiePath returns the path that the cookies of a route are for. Routes with other paths have other sessions. It is
// the longest path that all paths of the route begin with, up to what would end the attribute.
func cookiePath(r *snapshot.Route) string {
	path, whole := r.Path, true
	if r.Match == snapshot.MatchOpenExpression { // Cookies are for paths in one case.
		return "/"
	}
	if r.Match == snapshot.MatchExpression {
		path, whole = "/", false
		if expression, err := regexp.Compile(strings.TrimPrefix(r.Path, "^")); err == nil {
			path, whole = expression.LiteralPrefix()
		}
	}
	if i := strings.IndexAny(path, "; ,"); i >= 0 {
		path, whole = path[:i], false
	}
	if !whole {
		path = path[:strings.LastIndexByte(path, '/')+1]
	}
	if path == "" {
		return "/"
	}
	return path
}

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

// Find finds out which session a request belongs to at a time since 1970, and which backend that is at if it stays.
// Nothing that a client writes leads to an endpoint that is not one of the route's: it would name none.
func (s *Sessions) Find(
	fields []message.Field, key *balance.SessionKey, now time.Duration, buf *balance.TokenBuffer,
) (SessionState, balance.Session, *Backend) {
	token := s.token(fields)
	if token == nil {
		return SessionNone, balance.Session{}, nil
	}
	found, ok := key.Open(token, buf)
	switch {
	case !ok:
		return SessionUnknown, balance.Session{}, nil
	case s.Absolute > 0 && now-found.Began >= s.Absolute:
		return SessionEnded, balance.Session{}, nil
	}
	if backend := s.at(found); backend != nil {
		return SessionStays, found, backend
	}
	return SessionMoves, balance.Session{}, nil // for all that is known: it may be somebody else's, too
}

// token returns the token that a request has, or nil.
func (s *Sessions) token(fields []message.Field) []byte {
	if s.Type == snapshot.SessionByCookie {
		return balance.CookieValue(fields, s.Name)
	}
	for i := range fields {
		if f := &fields[i]; f.Kind != message.Dropped && message.EqualFold(f.Name, s.Name) {
			return f.Value
		}
	}
	return nil
}

// at returns the backend that a session is at. It returns nil if its endpoint takes no requests, or is of no backend of
// the route.
func (s *Sessions) at(session balance.Session) *Backend {
	for i := range s.backends {
		if s.backends[i].Pool.SessionAt(session) != nil {
			return &s.backends[i]
		}
	}
	return nil
}

// AppendField appends what the client is told of a new session: the value of the header field, or that of Set-Cookie.
func (s *Sessions) AppendField(value []byte, session balance.Session, key *balance.SessionKey, buf *balance.TokenBuffer, secure bool) []byte {
	if s.Type == snapshot.SessionByHeader {
		return key.Seal(value, session, buf)
	}
	value = append(append(value, s.Name...), '=')
	value = key.Seal(value, session, buf)
	if secure {
		return append(value, s.secured...)
	}
	return append(value, s.attributes...)
}

// Tell adds the field to a response, unless the endpoint has one of that name of its own.
func (s *Sessions) Tell(resp *message.Response, value []byte) {
	if s.Type == snapshot.SessionByCookie {
		balance.SetCookie(resp, value)
		return
	}
	for i := range resp.Fields {
		if f := &resp.Fields[i]; f.Kind != message.Dropped && message.EqualFold(f.Name, s.Name) {
			return
		}
	}
	resp.Fields = append(resp.Fields, message.Field{Name: s.header, Value: value})
}
