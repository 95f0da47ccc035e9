// SPDX-License-Identifier: Apache-2.0

package session

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Rule says how a route keeps sessions.
type Rule struct {
	snapshot.Persistence
	// pools are those that a session may be at.
	pools []*balance.Pool
	// attributes follow the value of the cookie if the client came over plain HTTP, and secured if it came over HTTPS.
	attributes, secured string
	// header is the name of the header field.
	header []byte
}

// Compile returns nil if the route keeps no sessions. pools are those that sessions may be at: those of the route, with
// a weight or without.
func Compile(r *snapshot.Route, pools []*balance.Pool) *Rule {
	if r.Persistence == nil {
		return nil
	}
	s := &Rule{Persistence: *r.Persistence, pools: pools, header: []byte(r.Persistence.Name)}
	s.attributes, s.secured = s.attribute(r, s.Cookie.Secure), s.attribute(r, true)
	for _, p := range pools {
		p.RequireSessions()
	}
	return s
}

// attribute returns the attributes of a route's cookie.
func (s *Rule) attribute(r *snapshot.Route, secure bool) string {
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

// State says what became of the session that a request names.
type State uint8

const (
	// None means that the request names none.
	None State = iota
	// Unknown means that what it names is none of ours.
	Unknown
	// Ended means that it is over.
	Ended
	// Moves means that its endpoint takes no requests, or is not one of the route's.
	Moves
	// Stays means that the request goes to its endpoint.
	Stays
)

// Find finds out which session a request belongs to at a time since 1970, and the index of the pool that it is at if it
// stays. Nothing that a client writes leads to an endpoint that is not one of the route's: it would name none.
func (s *Rule) Find(
	fields []message.Field, key *balance.SessionKey, now time.Duration, buf *balance.TokenBuffer,
) (State, balance.Session, int) {
	token := s.token(fields)
	if token == nil {
		return None, balance.Session{}, -1
	}
	found, ok := key.Open(token, buf)
	switch {
	case !ok:
		return Unknown, balance.Session{}, -1
	case s.Absolute > 0 && now-found.Began >= s.Absolute:
		return Ended, balance.Session{}, -1
	}
	if at := s.at(found); at >= 0 {
		return Stays, found, at
	}
	return Moves, balance.Session{}, -1 // for all that is known: it may be somebody else's, too
}

// token returns the token that a request has, or nil.
func (s *Rule) token(fields []message.Field) []byte {
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

// at returns the index of the pool that a session is at. It returns -1 if its endpoint takes no requests, or is in no
// pool of the route.
func (s *Rule) at(session balance.Session) int {
	return slices.IndexFunc(s.pools, func(p *balance.Pool) bool { return p.SessionAt(session) != nil })
}

// AppendField appends what the client is told of a new session: the value of the header field, or that of Set-Cookie.
func (s *Rule) AppendField(value []byte, session balance.Session, key *balance.SessionKey, buf *balance.TokenBuffer, secure bool) []byte {
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
func (s *Rule) Tell(resp *message.Response, value []byte) {
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
