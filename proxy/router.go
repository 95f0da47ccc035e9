package proxy

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// router finds the route of a request: an exact host before a wildcard before every host; within a host an exact
// path, then the longest prefix. Where the paths of a more specific host do not match, the next host is
// looked at. Finding allocates nothing and takes time that grows with the host's distinct path lengths
// only. A router is immutable.
type router struct {
	exact map[string]*hostTable
	// wildcard is keyed by what follows the star: ".example.com".
	wildcard map[string]*hostTable
	every    *hostTable
	routes   int
	// redirects is set where any host is redirected to HTTPS.
	redirects bool
}

// hostTable is the paths of one host.
type hostTable struct {
	exact    map[string]*route
	prefixes map[string]*route
	// lengths are those of the prefixes, each once, the longest first.
	lengths []int
	// root is the route of the prefix "/".
	root *route
	// redirects is set where plain requests for the host are redirected to HTTPS.
	redirects bool
}

func (r *router) find(host, path []byte) *route {
	if t := r.exact[string(host)]; t != nil {
		if found := t.find(path); found != nil {
			return found
		}
	}
	if len(r.wildcard) > 0 {
		if dot := bytes.IndexByte(host, '.'); dot > 0 {
			if t := r.wildcard[string(host[dot:])]; t != nil {
				if found := t.find(path); found != nil {
					return found
				}
			}
		}
	}
	if r.every != nil {
		return r.every.find(path)
	}
	return nil
}

// redirected says whether plain requests for the host are redirected to HTTPS.
func (r *router) redirected(host []byte) bool {
	if !r.redirects {
		return false
	}
	if t := r.exact[string(host)]; t != nil {
		return t.redirects
	}
	if dot := bytes.IndexByte(host, '.'); dot > 0 {
		if t := r.wildcard[string(host[dot:])]; t != nil {
			return t.redirects
		}
	}
	return r.every != nil && r.every.redirects
}

func (t *hostTable) find(path []byte) *route {
	if len(t.exact) > 0 {
		if found := t.exact[string(path)]; found != nil {
			return found
		}
	}
	for _, n := range t.lengths {
		if n <= len(path) && (n == len(path) || path[n] == '/') {
			if found := t.prefixes[string(path[:n])]; found != nil {
				return found
			}
		}
	}
	return t.root
}

// add puts a host's routes into the router.
func (r *router) add(name string, routes []*route, redirects bool) error {
	t := &hostTable{redirects: redirects}
	r.redirects = r.redirects || redirects
	for _, rt := range routes {
		if err := t.add(rt); err != nil {
			return fmt.Errorf("host %q: %w", name, err)
		}
	}
	slices.SortFunc(t.lengths, func(a, b int) int { return cmp.Compare(b, a) })
	t.lengths = slices.Compact(t.lengths)
	r.routes += len(routes)
	switch {
	case name == "":
		r.every = t
	case strings.HasPrefix(name, "*."):
		r.wildcard[name[1:]] = t
	default:
		r.exact[name] = t
	}
	return nil
}

func (t *hostTable) add(rt *route) error {
	if canonical, err := CanonicalPath(nil, []byte(rt.Path)); err != nil || string(canonical) != rt.Path {
		return fmt.Errorf("path %q is not canonical", rt.Path)
	}
	switch {
	case rt.Match == MatchExact:
		if t.exact == nil {
			t.exact = make(map[string]*route)
		}
		if t.exact[rt.Path] != nil {
			return fmt.Errorf("path %q occurs twice", rt.Path)
		}
		t.exact[rt.Path] = rt
	case rt.Path == "/":
		if t.root != nil {
			return fmt.Errorf("path %q occurs twice", rt.Path)
		}
		t.root = rt
	case strings.HasSuffix(rt.Path, "/"):
		return fmt.Errorf("prefix %q ends with a slash", rt.Path)
	default:
		if t.prefixes == nil {
			t.prefixes = make(map[string]*route)
		}
		if t.prefixes[rt.Path] != nil {
			return fmt.Errorf("path %q occurs twice", rt.Path)
		}
		t.prefixes[rt.Path] = rt
		t.lengths = append(t.lengths, len(rt.Path))
	}
	return nil
}
