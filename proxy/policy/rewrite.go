// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"strings"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/reason"
)

// Rewrite changes the path that the endpoint gets. At most one of its fields is set. The query stays as it is.
type Rewrite struct {
	// StripPrefix is cut off if the path begins with it by whole segments. If nothing is left, the path becomes "/".
	StripPrefix string
	// ReplacePath replaces the path.
	ReplacePath string
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
type rewrite struct{ strip, replace []byte }

func compileRewrite(r *Rewrite) *rewrite {
	if *r == (Rewrite{}) {
		return nil
	}
	c := &rewrite{strip: []byte(strings.TrimSuffix(r.StripPrefix, "/"))}
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
	path, err := r.apply(v.Scratch, v.Path)
	if err != nil {
		return Answer{Reason: reason.MalformedPath, Detail: err.Error()}
	}
	v.Request.Path = path
	return Answer{}
}

// apply returns the path that the endpoint gets for a canonical path. What is left after a prefix was cut off is made
// canonical again, in buf if that needs memory.
func (r *rewrite) apply(buf, path []byte) ([]byte, error) {
	if r.replace != nil {
		return r.replace, nil
	}
	rest, ok := bytes.CutPrefix(path, r.strip)
	switch {
	case !ok || len(rest) > 0 && rest[0] != '/':
		return path, nil
	case len(rest) == 0:
		return rootPath, nil
	}
	return canonical.Path(buf, rest)
}
