// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// place is where a rule is meant to be, as its author wrote it.
type place struct {
	path     string
	pathType v1alpha1.PathType
	// pattern is set if the path cannot be compared with literally. regex is set if another controller would read it as a
	// regular expression.
	pattern, regex bool
	// guarded is set if the rule has a policy that may say who gets in.
	guarded bool
}

// guarded returns whether a path has a policy that may say who gets in. If such a path cannot be read, its requests
// must not fall to another one.
func guarded(p *v1alpha1.IngressPath) bool {
	for i := range readers {
		if r := &readers[i]; r.asks != nil && !r.open && r.asks(p) {
			return true
		}
	}
	return false
}

// pathReader reads the place of rules within their host. It holds the buffers for making paths canonical, so that a
// path that is canonical already costs no allocation.
type pathReader struct {
	in, out []byte
}

// match returns which requests a rule is for, or what is wrong with that. If the place of a guarded rule is not known,
// the fault closes all that the rule may have been meant for.
func (r *pathReader) match(from *place) (rules.Match, *rules.Fault) {
	path, match, fault := r.read(from.path, from.pathType)
	if fault != "" {
		path = from.path
	}
	read := rules.Match{Path: path, Type: match, Senseless: fault != "" || from.pattern}
	if match == snapshot.MatchExpression && fault == "" {
		read.Beginning = ClosedText(strings.TrimPrefix(path, "^"), true)
		return read, nil
	}
	isExpression := from.pathType != "" && from.pathType != v1alpha1.PathTypePrefix && from.pathType != v1alpha1.PathTypeExact
	if from.pattern || from.guarded && (from.regex || WrittenAsExpression(from.path)) {
		isExpression, fault = true, "path "+rules.Quote(from.path)+" looks like a pattern, and paths are compared as they are: "+
			"write what all that it is to match begin with, and pathType Prefix"
	}
	switch {
	case fault == "":
		return read, nil
	case from.guarded:
		return read, &rules.Fault{Text: fault, Closing: rules.UnreadablePath, Beginning: ClosedText(from.path, isExpression)}
	}
	return read, &rules.Fault{Text: fault}
}

// read returns what a path is matched as, or what is wrong with it. A path that is not canonical could never match,
// because the paths of requests are made canonical first. It is not corrected silently: then the object would say
// something else than what is served.
func (r *pathReader) read(path string, pathType v1alpha1.PathType) (read string, match snapshot.PathMatch, fault string) {
	if pathType == v1alpha1.PathTypeRegularExpression {
		return path, snapshot.MatchExpression, ExpressionFault("path", path)
	}
	canonical, err := r.canonical(path)
	if err != nil {
		return "", 0, "path " + rules.Quote(path) + " cannot be matched: " + pathFault(path, err)
	}
	if canonical != path {
		return "", 0, "path " + rules.Quote(path) + " is not canonical: write " + rules.Quote(canonical)
	}
	switch pathType {
	case v1alpha1.PathTypeExact:
		return path, snapshot.MatchExact, ""
	case v1alpha1.PathTypePrefix, "":
		if len(path) > 1 {
			path = strings.TrimSuffix(path, "/")
		}
		return path, snapshot.MatchPrefix, ""
	}
	return "", 0, "pathType " + rules.Quote(string(pathType)) + " is unknown: write Prefix, Exact or RegularExpression"
}

// canonical returns the canonical form of a path, which is the path itself if it is canonical.
func (r *pathReader) canonical(path string) (string, error) {
	r.in = append(r.in[:0], path...)
	form, err := canonical.Path(r.out, r.in)
	if err != nil || string(form) == path {
		return path, err
	}
	return string(form), nil
}

// pathFault returns why a path has no canonical form, and what to write instead if that can be known.
func pathFault(path string, err error) string {
	if at := strings.IndexFunc(path, isUnspelled); at >= 0 && strings.HasPrefix(path, "/") {
		switch r, _ := utf8.DecodeRuneInString(path[at:]); {
		case r == '?':
			return "it has a ?, where a query begins, and paths are compared without one: write " + rules.Quote(path[:at])
		case r == '#':
			return "it has a #, where a fragment begins, which no client sends: write " + rules.Quote(path[:at]) + ", or %23 for the character"
		case r == '\\':
			return "it has a backslash: write a slash, or %5C for the character"
		case r == ' ':
			return "it has a space: write " + rules.Quote(spelled(path))
		case r == utf8.RuneError:
			return "it has bytes that are no UTF-8: write each as a percent sign and two hexadecimal digits"
		case r < ' ' || r == 0x7f:
			return "it has a control character, a tab or a line break perhaps: leave it out"
		default:
			return "it has characters beyond ASCII: write " + rules.Quote(spelled(path))
		}
	}
	if at := strings.Index(path, "%00"); at >= 0 {
		return "it has a NUL as %00: leave it out"
	}
	return err.Error()
}

// isUnspelled returns whether a character must not be in a path unescaped.
func isUnspelled(r rune) bool {
	return r <= ' ' || r >= 0x7f || r == '?' || r == '#' || r == '\\'
}

// spelled returns a path with its spaces and characters beyond ASCII percent-encoded, as a client sends them (RFC 3986,
// section 2.1).
func spelled(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if c == ' ' || c >= utf8.RuneSelf {
			b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// clientSpelling returns a path as requests for it have it. That means the same, so it is known what the path is for.
// It returns the path itself if its spelling cannot be told.
func clientSpelling(path string) string {
	if !utf8.ValidString(path) || strings.ContainsRune(path, utf8.RuneError) { // U+FFFD is what is left of bytes that were none
		return path
	}
	form, err := canonical.Path(nil, []byte(spelled(path)))
	if err != nil {
		return path
	}
	return string(form)
}
