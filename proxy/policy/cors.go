// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// CORS says which pages of other origins may read what a route answers (Fetch Standard, section 3.3). It answers
// preflights itself. What an endpoint says of it is replaced.
type CORS struct {
	// AllowOrigins are origins such as https://a.example.com. A host may begin with "*", which stands for any number of
	// labels, or be "*". "*" alone stands for every origin. With AllowCredentials it stands for every origin but null.
	AllowOrigins []string
	// AllowMethods and AllowHeaders are what such pages may send besides what every page may. "*" stands for all.
	AllowMethods, AllowHeaders []string
	// ExposeHeaders are the fields of responses that such pages may read besides those that every page may. "*" stands for
	// all, if AllowCredentials is not set.
	ExposeHeaders []string
	// AllowCredentials has browsers send cookies, and lets pages read what comes back.
	AllowCredentials bool
	// MaxAge is how long a browser may remember the answer to a preflight, in seconds.
	MaxAge int
	// Always has every answer for such an origin say all of this, not only that to a preflight. Every OPTIONS of the
	// origin is answered as a preflight, with 204, and those of other origins go on to an endpoint. Every origin is "*",
	// also with AllowCredentials, and then a request without an origin is one of it. A "*" in a host stands for one label.
	Always bool
}

// Name is "cors".
func (*CORS) Name() string { return "cors" }

// Equal returns whether another one allows the same.
func (c *CORS) Equal(other Policy) bool {
	o, ok := other.(*CORS)
	return ok && o != nil && slices.Equal(c.AllowOrigins, o.AllowOrigins) && slices.Equal(c.AllowMethods, o.AllowMethods) &&
		slices.Equal(c.AllowHeaders, o.AllowHeaders) && slices.Equal(c.ExposeHeaders, o.ExposeHeaders) &&
		c.AllowCredentials == o.AllowCredentials && c.MaxAge == o.MaxAge && c.Always == o.Always
}

// Compile prepares the fields.
func (c *CORS) Compile(*step.Scope) (step.Steps, error) {
	k := c.compiled()
	return step.Steps{Request: k.request, Response: k.answer, Own: k.answer}, nil
}

// preflightsOf returns what says whether a route's CORS answers a request by itself. Nil if the route has none.
func preflightsOf(policies []Policy) func(*step.View) bool {
	for _, p := range policies {
		if c, ok := p.(*CORS); ok {
			return c.compiled().answers
		}
	}
	return nil
}

func (c *CORS) compiled() *cors {
	k := &cors{
		credentials: c.AllowCredentials, always: c.Always, methods: compileAllowed(c.AllowMethods, c.AllowCredentials),
		headers: compileAllowed(c.AllowHeaders, c.AllowCredentials), maxAge: strconv.AppendInt(nil, int64(c.MaxAge), 10),
	}
	for _, origin := range c.AllowOrigins {
		if origin == "*" {
			k.every = true
			continue
		}
		k.null = k.null || c.Always && origin == string(nullOrigin)
		k.origins = append(k.origins, canonical.Origins(origin, c.Always))
	}
	k.varies = !k.every || k.credentials && !k.always
	if expose := strings.Join(c.ExposeHeaders, ", "); expose != "" && (expose != "*" || !k.credentials) {
		k.expose = []byte(expose)
	}
	return k
}

// cors is a compiled CORS.
type cors struct {
	every   bool
	origins []canonical.OriginPattern
	// varies is set if the answer depends on the origin that asks. null is set if the one of sandboxed pages may read.
	varies, null        bool
	credentials, always bool
	methods, headers    allowed
	expose, maxAge      []byte
}

// allowed is a list of methods or of names of fields for the answer to a preflight.
type allowed struct {
	list []byte
	// echo answers with what was asked for: "*" means nothing to a browser that sends credentials.
	echo bool
}

func compileAllowed(list []string, credentials bool) allowed {
	if credentials && slices.Contains(list, "*") {
		return allowed{echo: true}
	}
	return allowed{list: []byte(strings.Join(list, ", "))}
}

var (
	anyOrigin        = []byte("*")
	nullOrigin       = []byte("null")
	trueValue        = []byte("true")
	varyName         = []byte("Vary")
	originValue      = []byte("Origin")
	allowOrigin      = []byte("Access-Control-Allow-Origin")
	allowCredentials = []byte("Access-Control-Allow-Credentials")
	allowMethods     = []byte("Access-Control-Allow-Methods")
	allowHeaders     = []byte("Access-Control-Allow-Headers")
	exposeHeaders    = []byte("Access-Control-Expose-Headers")
	maxAge           = []byte("Access-Control-Max-Age")
)

// request notes the origin that may read the answer, and answers a preflight. A preflight of another origin is answered
// too, without what would let its page go on.
func (c *cors) request(v *step.View) step.Answer {
	from := c.from(v)
	if len(from) == 0 {
		return step.Answer{}
	}
	if may := c.reader(from); may != nil {
		v.Origin = append(v.Origin[:0], may...)
	}
	c.note(v, from)
	switch {
	case !c.answers(v):
		return step.Answer{}
	case c.always: // what it says, the answer's other steps add
		return step.Answer{Reason: reason.PreflightAnswered, Status: 204}
	}
	if len(v.Origin) > 0 {
		asked, _ := message.First(v.Request.Fields, "access-control-request-method")
		wanted, _ := message.First(v.Request.Fields, "access-control-request-headers")
		v.Fields = c.methods.append(v.Fields, allowMethods, asked)
		v.Fields = c.headers.append(v.Fields, allowHeaders, wanted)
		v.Fields = append(v.Fields, message.Field{Name: maxAge, Value: c.maxAge})
	}
	return step.Answer{Reason: reason.PreflightAnswered}
}

// from returns the origin of the page that a request is from, nil for none.
func (c *cors) from(v *step.View) []byte {
	if c.always && c.every {
		return anyOrigin
	}
	from, _ := message.First(v.Request.Fields, "origin")
	return from
}

// answers says whether a request is answered as a preflight.
func (c *cors) answers(v *step.View) bool {
	if string(v.Request.Method) != "OPTIONS" {
		return false
	}
	from := c.from(v)
	if c.always {
		return len(from) > 0 && len(c.reader(from)) > 0
	}
	asked, _ := message.First(v.Request.Fields, "access-control-request-method")
	return len(from) > 0 && len(asked) > 0
}

// reader returns the origin that a browser is told, nil if the page may not read.
func (c *cors) reader(from []byte) []byte {
	switch {
	case c.every && (c.always || !c.credentials):
		return anyOrigin
	case c.every:
		if bytes.Equal(from, nullOrigin) { // every sandboxed page has that one
			return nil
		}
		return from
	}
	if c.null && bytes.Equal(from, nullOrigin) {
		return from
	}
	for i := range c.origins {
		if c.origins[i].Matches(from) {
			return from
		}
	}
	return nil
}

func (c *cors) note(v *step.View, from []byte) {
	if v.Notes == nil {
		return
	}
	text := "pages of " + string(from) + " may read the answer"
	if len(v.Origin) == 0 {
		text = "pages of " + string(from) + " may not read the answer: it is none of allowOrigins"
	}
	*v.Notes = append(*v.Notes, step.Note{Policy: (*CORS)(nil).Name(), Passed: true, Text: text})
}

func (a *allowed) append(fields []message.Field, name, asked []byte) []message.Field {
	value := a.list
	if a.echo {
		value = asked
	}
	if len(value) == 0 {
		return fields
	}
	return append(fields, message.Field{Name: name, Value: value})
}

// answer says who may read a response, in place of what the endpoint says of it.
func (c *cors) answer(v *step.View, resp *message.Response) {
	for i := range resp.Fields {
		if f := &resp.Fields[i]; f.Kind == message.Other && c.replaces(f.Name) {
			f.Kind = message.Dropped
		}
	}
	if c.varies && !message.Varies(resp.Fields, "origin") { // a redirect of the rule comes here twice
		resp.Fields = append(resp.Fields, message.Field{Name: varyName, Value: originValue})
	}
	if len(v.Origin) == 0 {
		return
	}
	resp.Fields = append(resp.Fields, message.Field{Name: allowOrigin, Value: v.Origin})
	if c.credentials {
		resp.Fields = append(resp.Fields, message.Field{Name: allowCredentials, Value: trueValue})
	}
	if len(c.expose) > 0 {
		resp.Fields = append(resp.Fields, message.Field{Name: exposeHeaders, Value: c.expose})
	}
	if c.always {
		resp.Fields = c.methods.append(resp.Fields, allowMethods, nil)
		resp.Fields = c.headers.append(resp.Fields, allowHeaders, nil)
		resp.Fields = append(resp.Fields, message.Field{Name: maxAge, Value: c.maxAge})
	}
}

// replaces returns whether what an endpoint says in a field is replaced.
func (c *cors) replaces(name []byte) bool {
	switch {
	case message.EqualFold(name, "access-control-allow-origin"), message.EqualFold(name, "access-control-allow-credentials"),
		message.EqualFold(name, "access-control-expose-headers"):
		return true
	case !c.always:
		return false
	}
	return message.EqualFold(name, "access-control-allow-methods") || message.EqualFold(name, "access-control-allow-headers") ||
		message.EqualFold(name, "access-control-max-age")
}
