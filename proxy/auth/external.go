// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// External has a service say who gets in. A request waits for its answer, unless a verdict is kept that is the same for
// it. Nobody gets in without one.
type External struct {
	// Pool is the id of the service's pool.
	Pool string
	// Protocol is what the service is asked in.
	Protocol Protocol
	// Host is the authority that the service is asked for. Empty is the request's own host. Path is the path with an
	// optional query, and Method is GET if it is empty, or POST for a request with content that the service gets.
	Host, Path, Method string
	// Mimics has the service asked with the request's own method, and for its path and query behind Path.
	Mimics bool
	// ForwardHeaders are the fields of the request that the service gets besides those that say where the request comes
	// from and what for. None are Cookie and Authorization. [AllFields] is all of them. They have no meaning for GRPC
	// unless there are any: without, the service gets all.
	ForwardHeaders []string
	// ResponseHeaders are the fields that the service gives the request, in place of those of the client. A service that
	// speaks GRPC may give others too. [AllFields] is all but those that are about the service's answer itself.
	ResponseHeaders []string
	// Renamed are fields that the service gives the request by other names: each has the name that the request gets, and
	// as its value the name that the answer has.
	Renamed []step.Header
	// SignInURL is where a client goes that has to say who it is. Empty is for nowhere. SignInParam is the parameter of
	// its query that has the URL to come back to. Empty is rd. A URL that has the parameter stays as it is.
	SignInURL, SignInParam string
	// Timeout bounds the wait for the service. 0 is [DefaultTimeout].
	Timeout time.Duration
	// CacheKey is a [Pattern] of what tells requests apart for which the service may give different verdicts. CacheFor is
	// how long those that let a request pass are kept. Empty and 0 keep none.
	CacheKey string
	CacheFor time.Duration
	// MaxBody is how much content of a request the service gets, in bytes. A request with more is refused. 0 is none.
	MaxBody int64
	// Fields go to the service in place of others of the same name.
	Fields []step.Header
	// AlwaysSetCookie has the client get cookies of the service with every response. It makes no difference without Nginx.
	AlwaysSetCookie bool
	// Nginx is set if the service is asked, and its answer is understood, as ingress-nginx does it. Then Path, SignInURL
	// and the values of Fields are patterns.
	Nginx bool
	// Missing says why nobody can be asked. Empty if the service can.
	Missing string
}

// Protocol is how a service is asked.
type Protocol uint8

// HTTP asks by a request of HTTP, as nginx's auth_request and Traefik's forward auth do. GRPC calls
// envoy.service.auth.v3.Authorization/Check.
const (
	HTTP Protocol = iota
	GRPC
)

// String is HTTP or GRPC.
func (p Protocol) String() string {
	if p == GRPC {
		return "GRPC"
	}
	return "HTTP"
}

const (
	// AllFields stands for all fields.
	AllFields = "*"
	// DefaultTimeout bounds the wait for a service.
	DefaultTimeout = 5 * time.Second
	// DefaultSignInParam is the parameter with the URL to come back to.
	DefaultSignInParam = "rd"
)

// externalName is the name of the policy.
const externalName = "external-auth"

// Name is "external-auth".
func (*External) Name() string { return externalName }

// Tells returns the fields by which the service tells endpoints who a client is, as far as there is a list.
func (e *External) Tells() []string {
	list := slices.DeleteFunc(slices.Clone(e.ResponseHeaders), func(name string) bool { return name == AllFields })
	for _, f := range e.Renamed {
		list = append(list, f.Name)
	}
	return list
}

// IsCredential says whether a field, whose name is in lower case, says who a client is to a service that is asked. What
// the client sent of it can be taken out of the request only after that.
func IsCredential(name string) bool { return name == "authorization" || name == "cookie" }

// Equal returns whether another one asks the same service in the same way.
func (e *External) Equal(other step.Policy) bool {
	o, ok := other.(*External)
	return ok && o != nil && e.Pool == o.Pool && e.Protocol == o.Protocol && e.Host == o.Host && e.Path == o.Path && e.Method == o.Method &&
		e.Mimics == o.Mimics && slices.Equal(e.ForwardHeaders, o.ForwardHeaders) && slices.Equal(e.ResponseHeaders, o.ResponseHeaders) &&
		slices.Equal(e.Renamed, o.Renamed) &&
		e.SignInURL == o.SignInURL && e.SignInParam == o.SignInParam && e.Timeout == o.Timeout && e.CacheKey == o.CacheKey &&
		e.CacheFor == o.CacheFor && e.MaxBody == o.MaxBody && slices.Equal(e.Fields, o.Fields) && e.AlwaysSetCookie == o.AlwaysSetCookie &&
		e.Nginx == o.Nginx && e.Missing == o.Missing
}

// Compile has the scope make what asks the service. Where that makes no sense, nobody gets in: an error would keep the
// routes of all others from being served anew.
func (e *External) Compile(s *step.Scope) (step.Steps, error) {
	c := &external{missing: e.Missing, always: e.AlwaysSetCookie || !e.Nginx}
	if c.missing == "" {
		var err error
		if c.asker, err = e.asker(s); err != nil {
			c.missing = err.Error()
		}
	}
	if k, ok := c.asker.(knower); ok && e.CacheKey != "" {
		c.knows = k
	}
	steps := step.Steps{Request: c.request, Response: c.respond, Own: c.own}
	if g, ok := c.asker.(giver); ok && e.Unlisted() {
		c.gives, steps.Trailers = g, g.DropSaid
	}
	for _, name := range e.Tells() {
		if name = message.LowerName(name); IsCredential(name) {
			c.credentials = append(c.credentials, name)
		}
	}
	if e.Unlisted() {
		c.credentials = append(c.credentials, Shown(e.ForwardHeaders)...)
	}
	return steps, nil
}

// knower is an asker that may know what the service would say, because it keeps that.
type knower interface {
	// Known lets a request pass if it does, and that is so. It does not wait.
	Known(v *step.View) bool
}

// giver is an asker whose service may give requests fields that no list has.
type giver interface {
	// DropSaid takes out of a message those that it has given before.
	DropSaid(fields []message.Field)
}

// Unlisted says whether the service may give requests fields that no list has.
func (e *External) Unlisted() bool {
	return e.Protocol == GRPC || slices.Contains(e.ResponseHeaders, AllFields)
}

func (e *External) asker(s *step.Scope) (step.Asker, error) {
	if err := e.Inspect(); err != nil {
		return nil, err
	}
	if s == nil || s.Asker == nil {
		return nil, errNobody
	}
	return s.Asker(e)
}

var errNobody = errors.New("nothing here can ask a service")

// Inspect returns what is wrong with the values, for the author of a rule, or nil.
func (e *External) Inspect() error {
	if e.Missing != "" {
		return nil
	}
	if e.Pool == "" {
		return errors.New("it has no pool")
	}
	if e.Path != "" && e.Path[0] != '/' {
		return fmt.Errorf("the path %q does not begin with a slash", e.Path)
	}
	texts := []struct{ what, text string }{{"cacheKey", e.CacheKey}}
	if e.Nginx {
		texts = append(texts, struct{ what, text string }{"path", e.Path}, struct{ what, text string }{"signInURL", e.SignInURL})
		for _, f := range e.Fields {
			texts = append(texts, struct{ what, text string }{f.Name, f.Value})
		}
	}
	for _, t := range texts {
		if _, err := ReadPattern(t.text); err != nil {
			return fmt.Errorf("%s %q: %w", t.what, t.text, err)
		}
	}
	for _, list := range [...][]string{e.ForwardHeaders, e.ResponseHeaders, e.Tells()} {
		for _, name := range list {
			if name != AllFields && !message.IsToken([]byte(name)) {
				return fmt.Errorf("%q is no name of a field", name)
			}
			if kind := message.KindOf([]byte(name)); !kind.EndToEnd() {
				return fmt.Errorf("the field %q is for one connection alone, so nobody can pass it on", name)
			}
		}
	}
	for _, text := range [...]string{e.Host, e.Path, e.SignInURL} {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return fmt.Errorf("%q has a control character in it", text)
		}
	}
	return nil
}

// external is a compiled External.
type external struct {
	asker step.Asker
	// knows is set if verdicts are kept.
	knows knower
	// missing says why there is no asker. Empty if there is one.
	missing string
	// gives is set if the service may give fields that no list has.
	gives giver
	// credentials are the names, in lower case, of those fields that the service gives a request in place of what it has
	// seen of the client.
	credentials []string
	// always has the client get what the service gives it with every response.
	always bool
}

func (c *external) request(v *step.View) step.Answer {
	if c.gives != nil {
		c.gives.DropSaid(v.Request.Fields)
	}
	if v.Admitted {
		for _, name := range c.credentials { // as the service would: the endpoint takes them for its word
			DropAlike(v.Request.Fields, name)
		}
		v.Note(externalName, admittedText)
		return step.Answer{}
	}
	if c.missing != "" {
		dropAuthorization(v.Request.Fields)
		return step.Answer{Reason: reason.AuthUnavailable, Cause: externalName + ": " + c.missing}
	}
	if c.knows != nil && v.Notes == nil && c.knows.Known(v) { // who only asks is told whether somebody is asked
		return step.Answer{}
	}
	v.Await = c.asker
	return step.Answer{Next: step.Wait}
}

// respond gives the client what the service has for it besides the endpoint's response.
func (c *external) respond(v *step.View, resp *message.Response) {
	if v.Given != nil && (c.always || isUsual(resp.Status)) {
		v.Given.Give(resp)
	}
}

// own does that with an answer of our own, which comes after the service let the request pass.
func (c *external) own(v *step.View, resp *message.Response) {
	if v.Given != nil && !v.Own {
		c.respond(v, resp)
	}
}

// isUsual says whether nginx adds fields to a response with a status, unless it is told to do so always.
func isUsual(status int) bool {
	switch status {
	case 200, 201, 204, 206, 301, 302, 303, 304, 307, 308:
		return true
	}
	return false
}
