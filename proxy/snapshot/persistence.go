// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// SessionType is what carries the token of a session.
type SessionType uint8

const (
	// SessionByCookie has the token in a cookie.
	SessionByCookie SessionType = iota
	// SessionByHeader has the token in a header field. Clients repeat the one of the response in their requests.
	SessionByHeader
)

func (t SessionType) String() string {
	if t == SessionByHeader {
		return "Header"
	}
	return "Cookie"
}

// Persistence keeps the requests of a session with one endpoint, and so with one of the route's backends. A session
// begins with a response to a request that belongs to none. It goes on while its endpoint takes requests.
type Persistence struct {
	Type SessionType
	// Name is that of the cookie, or of the header field in lower case.
	Name string
	// Absolute is how long a session lasts. 0 is without an end.
	Absolute time.Duration
	// Permanent has the client keep the cookie for that time. Otherwise it forgets the cookie when it ends.
	Permanent bool
	// Cookie has what else is said of the cookie. Its zero value is the usual.
	Cookie CookieAttributes
}

// CookieAttributes are attributes of a cookie that keeps sessions.
type CookieAttributes struct {
	// Path is what the cookie is for. Empty is for the longest path that all paths of the route begin with.
	Path string
	// Domain is the domain that gets the cookie. Empty is for the host alone.
	Domain string
	// SameSite is Strict, Lax or None, or [SameSiteUnsaid] for leaving the attribute out. Empty is Lax.
	SameSite string
	// Secure is set if the cookie is for HTTPS alone although the client came over plain HTTP.
	Secure bool
}

// SameSiteUnsaid leaves it to browsers which requests from pages of other sites have a cookie.
const SameSiteUnsaid = "unsaid"

// Equal says whether two routes keep sessions alike. Nil keeps none.
func (p *Persistence) Equal(o *Persistence) bool { return p == o || p != nil && o != nil && *p == *o }

// inspect returns what is wrong with it, or nil.
func (p *Persistence) inspect() error {
	switch {
	case p.Name == "":
		return fmt.Errorf("the %v of sessions has no name", p.Type)
	case p.Absolute < 0:
		return fmt.Errorf("sessions last %v", p.Absolute)
	case p.Permanent && (p.Type != SessionByCookie || p.Absolute == 0):
		return errors.New("sessions are permanent without a cookie that ends")
	case p.Type != SessionByCookie && p.Cookie != (CookieAttributes{}):
		return errors.New("sessions without a cookie have attributes of one")
	}
	for _, text := range [...]string{p.Cookie.Path, p.Cookie.Domain, p.Cookie.SameSite} {
		if strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == ';' || c == ',' }) {
			return fmt.Errorf("%q is no attribute of a cookie", text)
		}
	}
	return nil
}
