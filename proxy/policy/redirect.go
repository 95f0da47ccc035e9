// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"cmp"

	"github.com/warren-dev/ingress/proxy/change"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// Redirect answers every request with another URL. What is not set is that of the request, and so is the query. The
// path of the request is the canonical one.
type Redirect struct {
	// Status is 301, 302, 303, 307 or 308.
	Status int
	// Location is the whole URL. Then what follows means nothing. Empty for none.
	Location string
	// Scheme is http or https. Host is a host without a port.
	Scheme, Host string
	// Port is not written if it is the usual one of the scheme. If it is 0, it is the usual one of Scheme. If there is no
	// Scheme either, it is the port that the client used.
	Port int
	// Path is changed at most once.
	Path PathChange
	// NoQuery leaves the query out. NoSlash leaves a slash out with which the URL would end.
	NoQuery, NoSlash bool
}

const redirectName = "redirect"

// Name is "redirect".
func (*Redirect) Name() string { return redirectName }

// Equal returns whether another redirect leads to the same place.
func (r *Redirect) Equal(other Policy) bool {
	o, ok := other.(*Redirect)
	return ok && o != nil && *r == *o
}

// Compile fails if the path's expression does not compile.
func (r *Redirect) Compile(scope *step.Scope) (step.Steps, error) {
	path, err := r.Path.Compile(scope)
	if err != nil {
		return step.Steps{}, err
	}
	c := &redirect{
		name: redirectName, status: r.Status, whole: []byte(r.Location), scheme: r.Scheme, host: r.Host, port: r.Port, path: path,
		noQuery: r.NoQuery, noSlash: r.NoSlash,
	}
	return step.Steps{Request: c.request}, nil
}

// redirect is a compiled Redirect or HTTPSRedirect.
type redirect struct {
	name             string
	status           int
	whole            []byte
	scheme, host     string
	port             int
	path             change.CompiledPath
	noQuery, noSlash bool
}

var locationName = []byte("Location")

func (r *redirect) request(v *step.View) step.Answer {
	location := r.whole
	if len(location) == 0 {
		var err error
		if location, err = r.location(v); err != nil {
			return step.Answer{Reason: reason.MalformedPath, Detail: err.Error()}
		}
	}
	if v.Notes != nil {
		*v.Notes = append(*v.Notes, step.Note{Policy: r.name, Text: "to " + string(location)})
	}
	v.Fields = append(v.Fields, message.Field{Name: locationName, Value: location})
	return step.Answer{Reason: reason.Redirected, Status: r.status}
}

// location returns where a request is sent that is not sent to a whole URL.
func (r *redirect) location(v *step.View) ([]byte, error) {
	if v.Scratch == nil {
		v.Scratch = make([]byte, 0, 256)
	}
	path, room, err := r.path.Apply(v.Scratch, v.Path)
	if err != nil {
		return nil, err
	}
	scheme := cmp.Or(r.scheme, v.Scheme())
	location := room[:0]
	if r.host != "" || len(v.Host) > 0 { // or the path alone has to do, as it had to for the client
		location = append(append(location, scheme...), "://"...)
		if r.host != "" {
			location = append(location, r.host...)
		} else {
			location = append(location, v.Host...)
		}
		location = message.AppendPort(location, scheme, r.portFor(v.Request.Fields))
	}
	location = append(location, path...)
	if !r.noQuery {
		location = append(location, v.Request.Query...)
	}
	if r.noSlash {
		location = bytes.TrimSuffix(location, rootPath)
	}
	return location, nil
}

// portFor returns the port that is written, or 0 for the usual one of the scheme.
func (r *redirect) portFor(fields []message.Field) int {
	if r.port == 0 && r.scheme == "" {
		return message.ForwardedPort(fields)
	}
	return r.port
}
