// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy"
)

// pathReader reads the place of rules within their host. It holds the buffers that making paths canonical takes, so that a
// canonical one costs no allocation.
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
		return "", 0, "path " + quote(path) + " cannot be matched: " + err.Error()
	}
	if canonical != path {
		return "", 0, "path " + quote(path) + " is not canonical: write " + quote(canonical)
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
	return "", 0, "pathType " + quote(string(p.PathType)) + " is unknown: write Prefix or Exact"
}

// canonical returns the canonical form of a path: the path itself where it has that form.
func (r *pathReader) canonical(path string) (string, error) {
	r.in = append(r.in[:0], path...)
	canonical, err := proxy.CanonicalPath(r.out, r.in)
	if err != nil || string(canonical) == path {
		return path, err
	}
	return string(canonical), nil
}
