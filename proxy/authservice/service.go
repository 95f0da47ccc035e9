// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// Service is a service as the rule of one route wants it asked. It is immutable, but for the verdicts.
type Service struct {
	client   *Client
	pool     *balance.Pool
	verdicts *Verdicts // nil if none are kept
	// name names the service and how it is asked, for people.
	name string
	// grpc, nginx and mimics are Protocol, Nginx and Mimics of the rule.
	grpc, nginx, mimics bool
	host                []byte
	path                auth.Pattern
	method              []byte
	// forward are the names of the fields that the service gets, in lower case. all is set if it gets all.
	forward []string
	all     bool
	// take are the names of the fields that a request gets, in lower case. takesAll is set if it gets all that are not
	// about the answer itself.
	take     []string
	takesAll bool
	// renamed are those that a request gets by another name.
	renamed []renamedField
	// replaced are those of them that the service has to see. They are taken out of the request after that.
	replaced []string
	// said are the fields that the service has given without a list. Nil if it gives none of these.
	said   *Said
	fields []ownField
	mark   message.Field
	// signIn is where clients go to say who they are. Without a return, it has the URL to come back to already.
	signIn auth.Pattern
	// returns is set if the URL to come back to is behind signIn. relative is set if that is a path alone, because the
	// route is for hosts that anybody can make up.
	returns, relative bool
	key               auth.Pattern
	// identity are the names of the fields that say whose a request is, in lower case, and that the key says nothing of.
	identity []string
	// keyHasPath is set if a verdict is kept for one path and query, and keyHasFields if it is for all that the client
	// says.
	keyHasPath, keyHasFields bool
	timeout                  time.Duration
	keeps                    time.Duration
	most                     int64
}

// renamedField is a field of the service's answer that a request gets by another name. from and lower are in lower
// case.
type renamedField struct {
	from  string
	name  []byte
	lower string
}

// ownField is a field that the rule has the service get.
type ownField struct {
	name  []byte
	lower string
	value auth.Pattern
}

// Route is what a service has to know of the route that it is asked for.
type Route struct {
	// Host is as in [step.Scope]. Mark is what the route adds to its requests, so that one in a loop is known.
	Host string
	Mark message.Field
	// Verdicts keeps verdicts for the route and for this rule alone. Nil keeps none.
	Verdicts *Verdicts
	// Said remembers what the service has given the route's requests. Nil remembers nothing.
	Said *Said
}

// identifying are the fields that say whose a request is if the rule says nothing else.
var identifying = []string{"authorization", "cookie"}

// NewService returns a service as a rule wants it asked.
func (c *Client) NewService(e *auth.External, pool *balance.Pool, r Route) (*Service, error) {
	s := &Service{
		client: c, pool: pool, grpc: e.Protocol == auth.GRPC, nginx: e.Nginx, mimics: e.Mimics, host: []byte(e.Host),
		method: []byte(e.Method), mark: r.Mark, timeout: cmp.Or(e.Timeout, auth.DefaultTimeout), most: e.MaxBody,
		name: pool.Service, relative: r.Host == "",
	}
	if e.Path != "" {
		s.name += " for " + e.Path
	}
	read := func(text string) (p auth.Pattern, err error) {
		if e.Nginx {
			return auth.ReadPattern(text)
		}
		return auth.Literal(text), nil
	}
	path := e.Path
	if e.Mimics {
		path = strings.TrimSuffix(path, "/")
	}
	var err error
	if s.path, err = read(path); err != nil {
		return nil, err
	}
	if s.key, err = auth.ReadPattern(e.CacheKey); err != nil {
		return nil, err
	}
	for _, f := range e.Fields {
		own := ownField{name: []byte(f.Name), lower: message.LowerName(f.Name)}
		if own.value, err = read(f.Value); err != nil {
			return nil, err
		}
		s.fields = append(s.fields, own)
	}
	s.forward, s.all = readNames(e.ForwardHeaders)
	s.all = s.all || s.nginx || s.grpc && len(e.ForwardHeaders) == 0
	if len(e.ForwardHeaders) == 0 {
		s.forward = identifying
	}
	s.take, s.takesAll = readNames(e.ResponseHeaders)
	if s.takesAll || s.grpc {
		s.said = r.Said
	}
	names := slices.Clone(s.take)
	for _, f := range e.Renamed {
		made := renamedField{from: message.LowerName(f.Value), name: []byte(f.Name), lower: message.LowerName(f.Name)}
		s.renamed, names = append(s.renamed, made), append(names, made.lower)
	}
	s.replaced = slices.DeleteFunc(names, func(name string) bool { return !auth.IsCredential(name) })
	if e.Unlisted() {
		s.replaced = append(s.replaced, auth.Shown(e.ForwardHeaders)...)
	}
	if e.SignInURL != "" {
		text, returns := signInURL(e.SignInURL, cmp.Or(e.SignInParam, auth.DefaultSignInParam))
		if s.signIn, err = read(text); err != nil {
			return nil, err
		}
		s.returns = returns
	}
	s.keyHasPath, s.keyHasFields = !s.nginx && !s.key.NamesPath(), !s.nginx && s.all
	if e.CacheKey != "" && e.CacheFor > 0 {
		s.keeps, s.verdicts = e.CacheFor, r.Verdicts
	}
	for _, name := range slices.Concat(identifying, s.forward) {
		if !s.key.Names(name) && !slices.Contains(s.identity, name) {
			s.identity = append(s.identity, name)
		}
	}
	return s, nil
}

// DropSaid takes the fields out of a message that the service has given a request before. Only the service may say
// these, and some of them nobody has listed.
func (s *Service) DropSaid(fields []message.Field) {
	if s.said != nil {
		s.said.drop(fields)
	}
}

// readNames returns names in lower case, and whether all are meant.
func readNames(names []string) (lower []string, all bool) {
	for _, name := range names {
		if name == auth.AllFields {
			all = true
			continue
		}
		lower = append(lower, message.LowerName(name))
	}
	return lower, all
}

// signInURL returns the URL where clients sign in, up to where the URL to come back to is appended. returns is not set
// if it has the parameter for that already.
func signInURL(text, param string) (_ string, returns bool) {
	_, query, has := strings.Cut(text, "?")
	if values, err := url.ParseQuery(query); err == nil && values.Has(param) {
		return text, false
	}
	switch {
	case !has:
		text += "?"
	case query != "" && !strings.HasSuffix(query, "&"):
		text += "&"
	}
	return text + param + "=", true
}

// Foretell implements [step.Asker].
func (s *Service) Foretell(v *step.View) {
	verb := "would ask "
	if s.grpc {
		verb = "would call "
	}
	v.Note((*auth.External)(nil).Name(), verb+s.name+", and goes on as if that let the request pass")
	s.admit(v, &nothing)
}
