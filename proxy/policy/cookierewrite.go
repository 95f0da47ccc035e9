// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/proxy/change"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// CookieRewrite changes the attributes of the cookies that an endpoint sets. It is for endpoints that know another host
// or path than the clients. A cookie of the proxy's own stays as it is.
type CookieRewrite struct {
	// Domains change the attribute Domain. From is the whole of it, in any case. Dots at the beginning mean nothing.
	Domains []ValueChange
	// Paths change the attribute Path. Of either list, the first change that is for an attribute counts.
	Paths []ValueChange
}

// Name is "cookie-rewrite".
func (*CookieRewrite) Name() string { return "cookie-rewrite" }

// Equal returns whether another one makes the same changes.
func (c *CookieRewrite) Equal(other Policy) bool {
	o, ok := other.(*CookieRewrite)
	return ok && o != nil && slices.Equal(c.Domains, o.Domains) && slices.Equal(c.Paths, o.Paths)
}

// Compile fails if an expression does not compile.
func (c *CookieRewrite) Compile(scope *step.Scope) (step.Steps, error) {
	changes, err := change.CompileValues(c.Domains, scope)
	if err != nil {
		return step.Steps{}, err
	}
	paths, err := change.CompileValues(c.Paths, scope)
	if err != nil || len(changes)+len(paths) == 0 {
		return step.Steps{}, err
	}
	compiled := &cookieRewrite{paths: paths}
	for i, to := range changes {
		to.To = bytes.TrimPrefix(to.To, dot)
		domain := strings.TrimPrefix(strings.ToLower(c.Domains[i].From), ".")
		compiled.domains = append(compiled.domains, domainChange{to, domain})
	}
	return step.Steps{Request: compiled.note, Response: compiled.response}, nil
}

var dot = []byte(".")

// cookieRewrite is a compiled CookieRewrite.
type cookieRewrite struct {
	domains []domainChange
	paths   []change.CompiledValue
}

// domainChange is a change of a domain, which is in lower case and without a dot at its beginning.
type domainChange struct {
	change.CompiledValue
	domain string
}

func (c *cookieRewrite) note(v *step.View) step.Answer {
	v.Note((*CookieRewrite)(nil).Name(), "domains and paths of the service's cookies are rewritten")
	return step.Answer{}
}

func (c *cookieRewrite) response(_ *step.View, resp *message.Response) {
	for i := range resp.Fields {
		if f := &resp.Fields[i]; f.Kind == message.Other && message.EqualFold(f.Name, "set-cookie") {
			f.Value = c.rewrite(f.Value)
		}
	}
}

// rewrite returns a cookie with changed attributes, or the same if nothing is changed, or if it would become too long:
// an attribute may occur in it thousands of times.
func (c *cookieRewrite) rewrite(cookie []byte) []byte {
	var made []byte
	done := 0 // up to where made has what comes of the cookie
	for at := bytes.IndexByte(cookie, ';'); at >= 0; {
		begin, end := at+1, len(cookie)
		if at = bytes.IndexByte(cookie[begin:], ';'); at >= 0 {
			at += begin
			end = at
		}
		name, value, _ := bytes.Cut(cookie[begin:end], equals)
		changed, ok := c.change(bytes.TrimSpace(name), bytes.TrimSpace(value))
		if !ok {
			continue
		}
		made = append(append(append(append(made, cookie[done:begin]...), name...), '='), changed...)
		if done = end; len(made) > len(cookie)+change.LongestValue {
			return cookie
		}
	}
	if done == 0 {
		return cookie
	}
	return append(made, cookie[done:]...)
}

var equals = []byte("=")

// change returns another value for an attribute. ok is false if it stays.
func (c *cookieRewrite) change(name, value []byte) (made []byte, ok bool) {
	switch {
	case message.EqualFold(name, "path"):
		return change.First(c.paths, value)
	case !message.EqualFold(name, "domain"):
		return nil, false
	}
	domain := bytes.TrimPrefix(value, dot)
	for i := range c.domains {
		d := &c.domains[i]
		switch {
		case d.ByExpression():
			if made, ok = d.Apply(value); ok {
				return made, true
			}
		case message.EqualFold(domain, d.domain):
			return d.To, true
		}
	}
	return nil, false
}
