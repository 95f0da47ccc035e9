// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"strings"

	"github.com/warren-dev/ingress/proxy/change"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// Rewrite changes the path and the host that the endpoint gets. At most one of StripPrefix and Path is set. The query
// stays as it is.
type Rewrite struct {
	// StripPrefix is cut off if the path begins with it by whole segments. If nothing is left, the path becomes "/".
	StripPrefix string
	// Path changes the path.
	Path PathChange
	// Host replaces the host, with its port. Empty leaves it.
	Host string
	// Untold leaves X-Forwarded-Prefix as it is. Otherwise it tells the endpoint what was cut off, so that the endpoint
	// can make links that lead back here.
	Untold bool
}

// Name is "rewrite".
func (*Rewrite) Name() string { return "rewrite" }

// Equal returns whether another rewrite does the same.
func (r *Rewrite) Equal(other Policy) bool {
	o, ok := other.(*Rewrite)
	return ok && o != nil && *r == *o
}

// Compile fails if the path's expression does not compile.
func (r *Rewrite) Compile(scope *step.Scope) (step.Steps, error) {
	c, err := compileRewrite(r, scope)
	if err != nil || *r == (Rewrite{Untold: r.Untold}) {
		return step.Steps{}, err
	}
	return step.Steps{Request: c.request}, nil
}

// PathChange makes another path of a canonical one.
type PathChange = change.Path

// rewrite is a compiled Rewrite.
type rewrite struct {
	path change.CompiledPath
	// strip is what is cut off, without a slash at its end. told is set if the endpoint is told of it.
	strip []byte
	told  bool
	host  []byte
}

func compileRewrite(r *Rewrite, scope *step.Scope) (c *rewrite, err error) {
	c = &rewrite{host: []byte(r.Host)}
	changes := r.Path
	if r.StripPrefix != "" {
		changes = PathChange{Prefix: r.StripPrefix}
		c.strip = []byte(strings.TrimSuffix(r.StripPrefix, "/"))
		c.told = len(c.strip) > 0 && !r.Untold
	}
	c.path, err = changes.Compile(scope)
	return c, err
}

var rootPath = []byte("/")

func (r *rewrite) request(v *step.View) step.Answer {
	if v.Scratch == nil {
		v.Scratch = make([]byte, 0, 256)
	}
	room := v.Scratch
	if _, cut := change.CutSegments(v.Path, r.strip); cut && r.told {
		room = r.tell(v)
	}
	path, _, err := r.path.Apply(room, v.Path)
	if err != nil {
		return step.Answer{Reason: reason.MalformedPath, Detail: err.Error()}
	}
	v.Request.Path = path
	if len(r.host) > 0 {
		v.Request.Authority = r.host
	}
	return step.Answer{}
}

// forwardedPrefix is the field's name, and forwardedPrefixName what it is compared with.
var forwardedPrefix = []byte("X-Forwarded-Prefix")

const forwardedPrefixName = "x-forwarded-prefix"

// tell tells the endpoint what is cut off. If the client is a trusted proxy that has cut off something itself, that
// comes before. tell returns the scratch memory that is left.
func (r *rewrite) tell(v *step.View) (room []byte) {
	prefix := v.Scratch[:0]
	for i := range v.Request.Fields {
		f := &v.Request.Fields[i]
		if !f.Kind.EndToEnd() || !message.EqualFold(f.Name, forwardedPrefixName) {
			continue
		}
		message.Elements(f.Value, func(outer []byte) bool {
			prefix = append(prefix, bytes.TrimSuffix(outer, rootPath)...)
			return true
		})
		f.Kind = message.Dropped
	}
	value := r.strip
	if len(prefix) > 0 {
		prefix = append(prefix, r.strip...)
		value, v.Scratch = prefix[:len(prefix):len(prefix)], prefix
	}
	v.Request.Fields = append(v.Request.Fields, message.Field{Name: forwardedPrefix, Value: value})
	return prefix[len(prefix):]
}
