package proxy

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
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
	root   *route
	routes int
	// redirects is set where plain requests for the host are redirected to HTTPS.
	redirects bool
	// series are those of the routes, each once.
	series []*series
	// read are the same paths in other readings, or nil where they are the same in all of them.
	read *[readings]*hostTable
}

// find returns the route of a canonical host and of a path in some reading, or nil.
func (r *router) find(host, path []byte, as pathReading) *route {
	if t := r.exact[string(host)]; t != nil {
		if found := t.in(as).find(path); found != nil {
			return found
		}
	}
	if len(r.wildcard) > 0 {
		if dot := bytes.IndexByte(host, '.'); dot > 0 {
			if t := r.wildcard[string(host[dot:])]; t != nil {
				if found := t.in(as).find(path); found != nil {
					return found
				}
			}
		}
	}
	if r.every != nil {
		return r.every.in(as).find(path)
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

func (t *hostTable) in(as pathReading) *hostTable {
	if t.read == nil {
		return t
	}
	return t.read[as]
}

func (t *hostTable) find(path []byte) *route {
	if len(t.exact) > 0 {
		if found := t.exact[string(path)]; found != nil {
			return found
		}
	}
	for _, n := range t.lengths {
		if isSegmentEnd(path, n) {
			if found := t.prefixes[string(path[:n])]; found != nil {
				return found
			}
		}
	}
	return t.root
}

// isSegmentEnd says whether a segment of the path ends before its nth byte.
func isSegmentEnd(path []byte, n int) bool {
	return n <= len(path) && (n == len(path) || path[n] == '/')
}

// route returns the route that was added with a path.
func (t *hostTable) route(path string, match PathMatch) *route {
	switch {
	case match == MatchExact:
		return t.exact[path]
	case path == "/":
		return t.root
	}
	return t.prefixes[path]
}

func newRouter(hosts int) router {
	return router{exact: make(map[string]*hostTable, hosts), wildcard: make(map[string]*hostTable)}
}

// add puts a host's table into the router.
func (r *router) add(name string, t *hostTable) {
	r.routes += t.routes
	r.redirects = r.redirects || t.redirects
	switch {
	case name == "":
		r.every = t
	case strings.HasPrefix(name, "*."):
		r.wildcard[name[1:]] = t
	default:
		r.exact[name] = t
	}
}

// each calls f with every host's table.
func (r *router) each(f func(*hostTable)) {
	for _, tables := range [...]map[string]*hostTable{r.exact, r.wildcard} {
		for _, t := range tables {
			f(t)
		}
	}
	if r.every != nil {
		f(r.every)
	}
}

// host returns the table that was added under the name.
func (r *router) host(name string) *hostTable {
	switch {
	case name == "":
		return r.every
	case strings.HasPrefix(name, "*."):
		return r.wildcard[name[1:]]
	}
	return r.exact[name]
}

func newHostTable(routes int, redirects bool) *hostTable {
	return &hostTable{routes: routes, redirects: redirects}
}

// add puts a route into the table, which is complete after finish.
func (t *hostTable) add(path string, match PathMatch, rt *route) error {
	if canonical, err := CanonicalPath(nil, []byte(path)); err != nil || string(canonical) != path {
		return fmt.Errorf("path %q is not canonical", path)
	}
	return t.put(path, match, rt)
}

func (t *hostTable) put(path string, match PathMatch, rt *route) error {
	switch {
	case match == MatchExact:
		return put(&t.exact, path, rt)
	case path == "/":
		if t.root != nil {
			return fmt.Errorf("path %q occurs twice", path)
		}
		t.root = rt
		return nil
	case strings.HasSuffix(path, "/"):
		return fmt.Errorf("prefix %q ends with a slash", path)
	}
	t.lengths = append(t.lengths, len(path))
	return put(&t.prefixes, path, rt)
}

func put(m *map[string]*route, path string, rt *route) error {
	if *m == nil {
		*m = make(map[string]*route)
	}
	if (*m)[path] != nil {
		return fmt.Errorf("path %q occurs twice", path)
	}
	(*m)[path] = rt
	return nil
}

// finish completes the table after the last add.
func (t *hostTable) finish() {
	t.sort()
	for _, routes := range [...]map[string]*route{t.exact, t.prefixes} {
		for path := range routes {
			if !readsOneWay([]byte(path)) {
				t.read = &[readings]*hostTable{asItIs: t}
				for as := decoded; as < readings; as++ {
					t.read[as] = t.reread(as)
				}
				return
			}
		}
	}
}

// reread returns the same routes under their paths in another reading. Where several paths are the same in it, the one that
// is so in all readings has the place, or else the first; requests for the others are ambiguous.
func (t *hostTable) reread(as pathReading) *hostTable {
	other := &hostTable{root: t.root}
	for match, routes := range map[PathMatch]map[string]*route{MatchExact: t.exact, MatchPrefix: t.prefixes} {
		paths := slices.Collect(maps.Keys(routes))
		slices.SortFunc(paths, func(a, b string) int {
			if plain := readsOneWay([]byte(a)); plain != readsOneWay([]byte(b)) {
				if plain {
					return -1
				}
				return 1
			}
			return cmp.Compare(a, b)
		})
		for _, path := range paths {
			read, ok := as.read(nil, []byte(path))
			if match == MatchPrefix && len(read) > 1 {
				read = bytes.TrimSuffix(read, rootPath)
			}
			if ok {
				_ = other.put(string(read), match, routes[path]) // an error says that the place is taken
			}
		}
	}
	other.sort()
	return other
}

// sort orders the prefixes' lengths as find tries them.
func (t *hostTable) sort() {
	slices.SortFunc(t.lengths, func(a, b int) int { return cmp.Compare(b, a) })
	t.lengths = slices.Compact(t.lengths)
}
