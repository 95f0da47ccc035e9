// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

var (
	methodGet  = []byte("GET")
	methodPost = []byte("POST")

	xForwardedMethod     = []byte("X-Forwarded-Method")
	xForwardedURI        = []byte("X-Forwarded-Uri")
	xForwardedFor        = []byte("X-Forwarded-For")
	xOriginalURL         = []byte("X-Original-URL")
	xOriginalURI         = []byte("X-Original-URI")
	xOriginalMethod      = []byte("X-Original-Method")
	xSentFrom            = []byte("X-Sent-From")
	xScheme              = []byte("X-Scheme")
	xAuthRequestRedirect = []byte("X-Auth-Request-Redirect")
	nginxController      = []byte("nginx-ingress-controller")
)

var (
	// choosing are the fields that a service may choose the form of its answer by: whether there is a person who can be
	// sent to sign in. They say nothing of who that is.
	choosing = []string{"accept", "user-agent", "x-requested-with"}
	// conditional are those that ask for a part of a response, or for none that the client has already.
	conditional = []string{"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"}
	// told are what forward auth says of the request, and toldByNginx what ingress-nginx does.
	told        = []string{"x-forwarded-method", "x-forwarded-uri"}
	toldByNginx = []string{
		"x-original-url", "x-original-uri", "x-original-method", "x-sent-from", "x-scheme", "x-auth-request-redirect", "x-forwarded-for",
		"x-forwarded-proto", "x-forwarded-host", "x-forwarded-port",
	}
)

// makeRequest makes the request that a service of HTTP is asked by. ok is false if what a pattern says is no target.
func (a *ask) makeRequest() (ok bool) {
	s, v := a.service, a.view
	head := &a.request.Head
	head.Version, head.Authority = message.HTTP11, s.host
	if len(s.host) == 0 {
		head.Authority = v.Host
	}
	switch {
	case s.mimics:
		head.Method = v.Request.Method
	case len(s.method) > 0:
		head.Method = s.method
	case len(a.content) > 0:
		head.Method = methodPost
	default:
		head.Method = methodGet
	}
	target := a.make(func(to []byte) []byte {
		to = s.path.AppendTarget(to, v)
		if s.mimics {
			to = append(append(to, v.Path...), v.Request.Query...)
		}
		return to
	})
	if !message.IsTarget(target) {
		return false
	}
	head.Path, head.Query = splitTarget(target)
	head.ContentLength, head.SaysEmpty = int64(len(a.content)), len(a.content) == 0 && string(head.Method) == "POST"
	a.request.Content = nil
	if len(a.content) > 0 {
		a.request.Content = a.writeContent
	}
	a.forward()
	if s.nginx {
		a.tellAsNginx()
	} else {
		uri := a.make(func(to []byte) []byte { return append(append(to, v.Path...), v.Request.Query...) })
		a.add(xForwardedMethod, v.Request.Method)
		a.add(xForwardedURI, uri)
	}
	for i := range s.fields {
		f := &s.fields[i]
		if value := a.make(func(to []byte) []byte { return f.value.Append(to, v) }); len(value) > 0 { // an empty one has the service get none
			a.add(f.name, value)
		}
	}
	return true
}

// writeContent sends what the service gets of the request's content.
func (a *ask) writeContent(w message.Writer) error { return message.Write(w, a.content) }

// make makes a text in the memory. What was made before stays where it is.
func (a *ask) make(appendTo func([]byte) []byte) []byte {
	begin := len(a.memory)
	a.memory = appendTo(a.memory)
	return a.memory[begin:len(a.memory):len(a.memory)]
}

func (a *ask) add(name, value []byte) {
	a.request.Head.Fields = append(a.request.Head.Fields, message.Field{Name: name, Value: value, Kind: message.KindOf(name)})
}

// forward puts the fields of the request into the question that the service gets, and the mark of the route, so that a
// question that leads back to the route is known.
func (a *ask) forward() {
	s, v := a.service, a.view
	for i := range v.Request.Fields {
		if f := &v.Request.Fields[i]; s.passes(f) {
			a.request.Head.Fields = append(a.request.Head.Fields, *f)
		}
	}
	if len(s.mark.Value) > 0 {
		a.request.Head.Fields = append(a.request.Head.Fields, s.mark)
	}
}

// passes says whether the service gets a field of the request as it is.
func (s *Service) passes(f *message.Field) bool {
	switch {
	case !f.Kind.EndToEnd(), f.Kind == message.Trailer, s.replaces(f.Name):
		return false
	case s.nginx:
		return !among(f.Name, toldByNginx) && !among(f.Name, conditional) && !describesContent(f.Name)
	case among(f.Name, told):
		return false
	case message.KindOf(f.Name).Forwarding(), f.Kind == message.CDNLoop, f.Kind == message.Traceparent, f.Kind == message.Tracestate:
		return true
	case among(f.Name, conditional):
		return false
	case describesContent(f.Name):
		return s.most > 0
	}
	return s.all || among(f.Name, s.forward) || among(f.Name, choosing)
}

// replaces says whether the rule has another field of that name for the service.
func (s *Service) replaces(name []byte) bool {
	return slices.ContainsFunc(s.fields, func(f ownField) bool { return message.EqualFold(name, f.lower) })
}

// tellAsNginx adds what ingress-nginx says of the request, unless the rule says it differently.
func (a *ask) tellAsNginx() {
	s, v := a.service, a.view
	uri := a.make(func(to []byte) []byte { return append(append(to, v.Path...), v.Request.Query...) })
	tell := func(name, value []byte) {
		if !s.replaces(name) {
			a.add(name, value)
		}
	}
	if len(s.method) > 0 {
		tell(xOriginalURI, uri)
		tell(xScheme, schemeOf(v))
	}
	tell(xOriginalURL, a.make(func(to []byte) []byte {
		to = append(append(to, schemeOf(v)...), "://"...)
		return append(append(to, v.Request.Authority...), uri...)
	}))
	tell(xOriginalMethod, v.Request.Method)
	tell(xSentFrom, nginxController)
	tell(xForwardedFor, a.make(func(to []byte) []byte { return v.Client.AppendTo(to) }))
	tell(xAuthRequestRedirect, uri)
}

var schemeHTTP, schemeHTTPS = []byte("http"), []byte("https")

func schemeOf(v *step.View) []byte {
	if v.Secure {
		return schemeHTTPS
	}
	return schemeHTTP
}

// splitTarget returns the path of a target, and its query with the question mark.
func splitTarget(target []byte) (path, query []byte) {
	for i, c := range target {
		if c == '?' {
			return target[:i:i], target[i:]
		}
	}
	if len(target) == 0 {
		return rootPath, nil
	}
	return target, nil
}

var rootPath = []byte("/")

// describesContent says whether a field of a name describes content.
func describesContent(name []byte) bool {
	const begin = "content-"
	return len(name) > len(begin) && message.EqualFold(name[:len(begin)], begin)
}

func among(name []byte, list []string) bool {
	for _, lower := range list {
		if message.EqualFold(name, lower) {
			return true
		}
	}
	return false
}
