// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/canonical"
)

// pathReader reads the place of rules within their host. It holds the buffers that making paths canonical takes, so
// that a canonical one costs no allocation.
type pathReader struct {
	in, out []byte
}

// read returns what a rule's path is matched as, or what is wrong with it. A path that is not canonical could never
// be matched, because the requests' paths are made canonical before; and to correct it silently would have the
// object say something else than what is served.
func (r *pathReader) read(p *v1alpha1.IngressPath) (path string, match proxy.PathMatch, fault string) {
	path = string(p.Path)
	canonical, err := r.canonical(path)
	if err != nil {
		return "", 0, "path " + rules.Quote(path) + " cannot be matched: " + pathFault(path, err)
	}
	if canonical != path {
		return "", 0, "path " + rules.Quote(path) + " is not canonical: write " + rules.Quote(canonical)
	}
	switch p.PathType {
	case v1alpha1.PathTypeExact:
		return path, proxy.MatchExact, ""
	case v1alpha1.PathTypePrefix, "":
		if len(path) > 1 {
			path = strings.TrimSuffix(path, "/")
		}
		return path, proxy.MatchPrefix, ""
	}
	return "", 0, "pathType " + rules.Quote(string(p.PathType)) + " is unknown: write Prefix or Exact"
}

// canonical returns the canonical form of a path: the path itself where it has that form.
func (r *pathReader) canonical(path string) (string, error) {
	r.in = append(r.in[:0], path...)
	form, err := canonical.Path(r.out, r.in)
	if err != nil || string(form) == path {
		return path, err
	}
	return string(form), nil
}

// pathFault says what a path has no canonical form for, and what to write instead where that can be known.
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

// isUnspelled is what no path has in it as it is.
func isUnspelled(r rune) bool {
	return r <= ' ' || r >= 0x7f || r == '?' || r == '#' || r == '\\'
}

// spelled is a path with its spaces and characters beyond ASCII percent-encoded, as a client sends them (RFC 3986,
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

// clientSpelling is a path as requests for it have it: what it says is the same, so that what it is for is known. It
// is the path itself where that cannot be told.
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
