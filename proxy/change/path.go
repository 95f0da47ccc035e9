// SPDX-License-Identifier: Apache-2.0

package change

import (
	"bytes"
	"errors"
	"regexp"
	"strings"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/plain"
	"github.com/warren-dev/ingress/proxy/step"
)

// Path makes another path of a canonical one, in at most one of three ways. The zero value leaves the path as it
// is. What comes out is made canonical again.
type Path struct {
	// Replace is the whole new path.
	Replace string
	// Prefix is replaced by Replacement if the path begins with it by whole segments. Prefix is empty for none. With
	// another Prefix, an empty Replacement stands for "/".
	Prefix, Replacement string
	// Expression is a regular expression (RE2), empty for none. The first part of the path that it matches is replaced by
	// Substitution, in which $1 or ${name} stands for what a group has matched.
	Expression, Substitution string
}

// Compile fails if the expression does not compile.
func (c *Path) Compile(scope *step.Scope) (compiled CompiledPath, err error) {
	switch {
	case c.Replace != "":
		compiled.replace = []byte(c.Replace)
	case c.Prefix != "":
		compiled.prefix = []byte(strings.TrimSuffix(c.Prefix, "/"))
		compiled.replaces, compiled.replacement = true, c.Replacement
		compiled.trimmed = strings.TrimSuffix(c.Replacement, "/")
	case c.Expression != "":
		if compiled.plain = plain.Read(c.Expression, c.Substitution); compiled.plain != nil {
			return compiled, nil
		}
		if compiled.expression, err = scope.Regexp(c.Expression); err == nil {
			compiled.substitution = plain.ReadTemplate(compiled.expression.SubexpNames(), c.Substitution)
		}
	}
	return compiled, err
}

// CompiledPath is a compiled Path.
type CompiledPath struct {
	replace []byte
	// prefix has no slash at its end, and neither has trimmed, which is the replacement otherwise.
	prefix               []byte
	replaces             bool
	replacement, trimmed string
	expression           *regexp.Regexp
	substitution         plain.Template
	// plain is in place of an expression that is plain.
	plain *plain.Expression
}

// Compiles says whether the change has a regular expression that has to be compiled. A plain one has not.
func (c *Path) Compiles() bool {
	return c.Expression != "" && plain.Read(c.Expression, c.Substitution) == nil
}

// longestPath bounds what a substitution makes.
const longestPath = 64 << 10

var root = []byte("/")

var errLongPath = errors.New("the substitution makes a path that is longer than 64 KiB")

// Apply returns the path that a canonical one becomes. What it makes is in buf, which may grow. room is the memory that
// is left. Only an expression that matches and is not plain allocates.
func (c *CompiledPath) Apply(buf, path []byte) (changed, room []byte, err error) {
	made := buf[:0]
	switch {
	case c.replace != nil:
		return c.replace, buf, nil
	case c.replaces:
		rest, ok := CutSegments(path, c.prefix)
		switch {
		case !ok:
			return path, buf, nil
		case len(rest) == 0:
			made = append(made, c.replacement...)
		default:
			made = append(append(made, c.trimmed...), rest...)
		}
	case c.expression != nil:
		at := c.expression.FindSubmatchIndex(path)
		if at == nil {
			return path, buf, nil
		}
		var ok bool
		if made, ok = c.substitution.Replace(made, path, at, longestPath); !ok {
			return nil, buf, errLongPath
		}
	case c.plain != nil:
		var at plain.Match
		if !c.plain.Find(path, &at) {
			return path, buf, nil
		}
		var ok bool
		if made, ok = c.plain.Substitution.Replace(made, path, at[:], longestPath); !ok {
			return nil, buf, errLongPath
		}
	default:
		return path, buf, nil
	}
	if len(made) == 0 {
		return root, buf, nil
	}
	room = made[len(made):]
	if changed, err = canonical.Path(room, made); err == nil && &changed[0] != &made[0] {
		room = changed[len(changed):]
	}
	return changed, room, err
}

// CutSegments cuts a prefix without a slash at its end off a path that begins with it by whole segments.
func CutSegments(path, prefix []byte) (rest []byte, ok bool) {
	rest, ok = bytes.CutPrefix(path, prefix)
	return rest, ok && (len(rest) == 0 || rest[0] == '/')
}
