// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"strings"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

// Rewrite changes the path that the endpoint gets. At most one of its fields is set. The query stays as it is.
type Rewrite struct {
	// StripPrefix is cut off if the path begins with it by whole segments. If nothing is left, the path becomes "/".
	StripPrefix string
	// ReplacePath replaces the path.
	ReplacePath string
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

// Compile converts the paths to bytes.
func (r *Rewrite) Compile(*Scope) (Steps, error) {
	c := compileRewrite(r)
	if c == nil {
		return Steps{}, nil
	}
	return Steps{Request: c.request}, nil
}

// rewrite is a compiled Rewrite. Its prefix has no trailing slash.
type rewrite struct {
	strip, replace []byte
	tells          bool
}

func compileRewrite(r *Rewrite) *rewrite {
	if r.StripPrefix == "" && r.ReplacePath == "" {
		return nil
	}
	c := &rewrite{strip: []byte(strings.TrimSuffix(r.StripPrefix, "/"))}
	c.tells = len(c.strip) > 0 && !r.Untold
	if r.ReplacePath != "" {
		c.replace = []byte(r.ReplacePath)
	}
	return c
}

var rootPath = []byte("/")

func (r *rewrite) request(v *View) Answer {
	if v.Scratch == nil {
		v.Scratch = make([]byte, 0, 256)
	}
	room := v.Scratch
	if _, cut := r.cut(v.Path); cut && r.tells {
		room = r.tell(v)
	}
	path, err := r.apply(room, v.Path)
	if err != nil {
		return Answer{Reason: reason.MalformedPath, Detail: err.Error()}
	}
	v.Request.Path = path
	return Answer{}
}

// forwardedPrefix is the field's name, and forwardedPrefixName what it is compared with.
var forwardedPrefix = []byte("X-Forwarded-Prefix")

const forwardedPrefixName = "x-forwarded-prefix"

// tell tells the endpoint what is cut off. If the client is a trusted proxy that has cut off something itself, that
// comes before. tell returns the scratch memory that is left.
func (r *rewrite) tell(v *View) (room []byte) {
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

// apply returns the path that the endpoint gets for a canonical path. What is left after a prefix was cut off is made
// canonical again, in buf if that needs memory.
func (r *rewrite) apply(buf, path []byte) ([]byte, error) {
	if r.replace != nil {
		return r.replace, nil
	}
	rest, ok := r.cut(path)
	switch {
	case !ok:
		return path, nil
	case len(rest) == 0:
		return rootPath, nil
	}
	return canonical.Path(buf, rest)
}

// cut cuts the prefix off a path that begins with it by whole segments.
func (r *rewrite) cut(path []byte) (rest []byte, ok bool) {
	rest, ok = bytes.CutPrefix(path, r.strip)
	return rest, ok && (len(rest) == 0 || rest[0] == '/')
}
